import type { Applied, RuleCounters, Rules } from '../capture/capture.ts';
import {
  applyRules,
  checkRules,
  countRules,
  printedRules,
  refuseOwnPorts,
  removeRoutes,
  removeRules,
} from '../capture/capture.ts';
import type { Settings } from '../config/config.ts';
import { loadSettings } from '../config/config.ts';
import { Failure } from '../exchange/failure.ts';
import type { Streams } from './log.ts';
import { goOffline } from './offline.ts';
import type { OwnIds } from './rules-wanted.ts';
import { settingFlags, wantedRules } from './rules-wanted.ts';
import { readWords } from './words.ts';

/** What touches the kernel. */
export interface RulesKernel {
  readonly apply: (rules: Rules, settings: Settings) => Promise<Applied & { offline?: string }>;
  /** Gives the tables that stay. */
  readonly remove: () => Promise<readonly string[]>;
  /** Gives the differences. */
  readonly check: (rules: Rules) => Promise<readonly string[]>;
  readonly count: () => Promise<RuleCounters | undefined>;
}

/** What the verb needs. */
export interface RulesVerb {
  readonly env: NodeJS.ProcessEnv;
  readonly streams: Pick<Streams, 'stdout' | 'stderr'>;
  /** The words behind `rules`. */
  readonly words: readonly string[];
  readonly kernel?: RulesKernel;
}

const thisKernel: RulesKernel = {
  apply: async (wanted, settings) => {
    const applied = await applyRules(wanted);
    return { ...applied, ...(await goOffline(applied, settings)) };
  },
  remove: async () => {
    // Before the tables that they stand in, of which some are ours to remove.
    await removeRoutes();
    return removeRules();
  },
  check: (wanted) => checkRules(wanted),
  count: () => countRules(),
};

const text = { type: 'string' } as const;
const truth = { type: 'boolean' } as const;

const flagOptions = {
  uid: text,
  gid: text,
  port: text,
  'dns-port': text,
  ports: text,
  'exclude-ports': text,
  cidrs: text,
  'exclude-cidrs': text,
  uids: text,
  'exclude-uids': text,
  gateway: truth,
  udp: text,
  seal: truth,
  iptables: text,
} as const satisfies Record<keyof typeof settingFlags | keyof OwnIds, object>;

const actions = ['print', 'apply', 'remove', 'check', 'count'] as const;

/**
 * Prints, applies, removes, checks or counts the rules that lead an application's connections to magneto;
 * 0 when done, 1 where the check found a difference.
 * @throws Failure COMMAND_UNKNOWN, whatever the settings have, and what applying or removing has
 */
export async function rules(verb: RulesVerb): Promise<number> {
  const { streams, kernel = thisKernel } = verb;
  const { action, ids, variables } = parse(verb.words);
  if (action === 'remove') return remove(kernel, streams);
  if (action === 'count') {
    streams.stdout.write(`${JSON.stringify((await kernel.count()) ?? null)}\n`);
    return 0;
  }
  const { settings } = loadSettings({ env: { ...verb.env, ...variables } });
  const wanted = await wantedRules(ids, settings);
  refuseOwnPorts(wanted.rules);
  if (action === 'check') return check(kernel, wanted.rules, streams);
  for (const warning of wanted.warnings) streams.stderr.write(`magneto: ${warning}\n`);
  if (action === 'print') {
    streams.stdout.write(printedRules(wanted.rules));
    return 0;
  }
  const applied = await kernel.apply(wanted.rules, settings);
  for (const warning of applied.warnings) streams.stderr.write(`magneto: ${warning}\n`);
  streams.stdout.write(`rules applied (${appliedWords(applied, wanted.rules)})\n`);
  if (applied.offline !== undefined) streams.stdout.write(`${applied.offline}\n`);
  return 0;
}

async function remove(kernel: RulesKernel, { stdout }: RulesVerb['streams']): Promise<number> {
  const left = await kernel.remove();
  const stays = left.length === 0 ? '' : `; an empty table stays: ${left.join(', ')}`;
  stdout.write(`rules removed${stays}\n`);
  return 0;
}

async function check(
  kernel: RulesKernel,
  wanted: Rules,
  { stdout }: RulesVerb['streams'],
): Promise<number> {
  const differences = await kernel.check(wanted);
  if (differences.length === 0) stdout.write('rules stand\n');
  for (const difference of differences) stdout.write(`${difference}\n`);
  return differences.length === 0 ? 0 : 1;
}

interface Parsed {
  readonly action: (typeof actions)[number];
  readonly ids: OwnIds;
  /** What the flags set, as variables. */
  readonly variables: NodeJS.ProcessEnv;
}

function parse(given: readonly string[]): Parsed {
  const config = { args: [...given], options: flagOptions, allowPositionals: true } as const;
  const { values, positionals } = readWords('rules', config);
  const [word, more] = positionals;
  const action = actions.find((known) => known === word);
  if (more === undefined && action !== undefined) {
    const { uid, gid, ...settings } = values;
    const entries = Object.entries(settings).map(([name, value]): [string, string] => [
      settingFlags[name as keyof typeof settingFlags],
      String(value),
    ]);
    return { action, ids: { uid, gid }, variables: Object.fromEntries(entries) };
  }
  throw new Failure('COMMAND_UNKNOWN', `rules takes one of: ${actions.join(', ')}, verify, route`);
}

function appliedWords(applied: Applied, wanted: Rules): string {
  const { uid, gid, proxyPort, dnsPort, ports } = wanted;
  const kind = applied.backend === 'plain' ? 'iptables' : `iptables-${applied.backend}`;
  const names = dnsPort === undefined ? '' : `, 53 to ${dnsPort}`;
  const captured = ports === 'all' ? 'all ports' : `ports ${ports.join(', ')}`;
  const also = [
    ...(wanted.gateway ? ['of a gateway too'] : []),
    ...(wanted.udp === 'reject' ? ['UDP refused'] : []),
    ...(wanted.sealed ? ['sealed'] : []),
  ];
  const own = `not those of uid ${uid} with gid ${gid}`;
  const words = [`${captured} to ${proxyPort}${names}`, own, ...also].join('; ');
  return `${kind}, IPv6 ${applied.ipv6}: ${words}`;
}
