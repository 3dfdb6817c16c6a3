import { parseArgs } from 'node:util';
import type { Applied, Rules } from '../capture/capture.ts';
import {
  applyRules,
  captureGid,
  printedRules,
  refuseOwnPorts,
  removeRules,
} from '../capture/capture.ts';
import type { Settings } from '../config/config.ts';
import { loadSettings } from '../config/config.ts';
import { Failure } from '../exchange/failure.ts';
import type { Streams } from './log.ts';

/** What the verb needs. */
export interface RulesVerb {
  readonly env: NodeJS.ProcessEnv;
  readonly streams: Pick<Streams, 'stdout' | 'stderr'>;
  /** The words behind `rules`. */
  readonly words: readonly string[];
  /** What touches the kernel. */
  readonly apply?: (rules: Rules) => Promise<Applied>;
  readonly remove?: () => Promise<void>;
}

/** The ports that are captured in any case: HTTP and HTTPS. */
const usualPorts: readonly number[] = [80, 443];

const flagOptions = {
  uid: { type: 'string' },
  gid: { type: 'string' },
  port: { type: 'string' },
  'dns-port': { type: 'string' },
  ports: { type: 'string' },
} as const;

/**
 * Prints, applies or removes the rules that lead an application's connections to magneto; 0 when done.
 * @throws Failure COMMAND_UNKNOWN, whatever the settings have, and what applying or removing has
 */
export async function rules(verb: RulesVerb): Promise<number> {
  const { env, streams, apply = applyRules, remove = removeRules } = verb;
  const { action, flags } = parse(verb.words);
  if (action === 'remove') {
    await remove();
    streams.stdout.write('rules removed\n');
    return 0;
  }
  const asked = rulesOf(flags, loadSettings({ env }).settings);
  if (action === 'print') {
    refuseOwnPorts(asked);
    streams.stdout.write(printedRules(asked));
    return 0;
  }
  const applied = await apply(asked);
  for (const warning of applied.warnings) streams.stderr.write(`magneto: ${warning}\n`);
  streams.stdout.write(`rules applied (${appliedWords(applied, asked)})\n`);
  return 0;
}

type Flags = Readonly<Partial<Record<keyof typeof flagOptions, string>>>;

function parse(given: readonly string[]): {
  readonly action: 'print' | 'apply' | 'remove';
  readonly flags: Flags;
} {
  try {
    const { values, positionals } = parseArgs({
      args: [...given],
      options: flagOptions,
      allowPositionals: true,
    });
    const [action, more] = positionals;
    if (more === undefined && (action === 'print' || action === 'apply' || action === 'remove')) {
      return { action, flags: values };
    }
  } catch (cause) {
    const detail = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : '';
    throw new Failure('COMMAND_UNKNOWN', `rules: ${detail}`, { cause });
  }
  throw new Failure('COMMAND_UNKNOWN', 'rules takes one of: print, apply, remove');
}

/** The rules of some flags; the settings stand in for those that are left out. */
function rulesOf(flags: Flags, settings: Settings): Rules {
  const { port, dnsPort, controlPort, redirectPorts } = settings;
  const extra = flags.ports?.split(',').map((text) => number('ports', text, 65_535));
  const ports = [...usualPorts, ...(extra ?? redirectPorts)];
  if (ports.includes(controlPort)) {
    const words = `port ${controlPort} is to be captured, and is that of the control plane`;
    throw new Failure('CAPTURED_PORT_IS_OWN', words);
  }
  const names = number('dns-port', flags['dns-port'] ?? String(dnsPort), 65_535);
  return {
    uid: number('uid', flags.uid ?? String(process.getuid?.() ?? 0), 2 ** 32 - 2),
    gid: number('gid', flags.gid ?? String(captureGid), 2 ** 32 - 2),
    proxyPort: number('port', flags.port ?? String(port), 65_535),
    dnsPort: names === 0 ? undefined : names,
    ports,
  };
}

function number(flag: string, text: string, most: number): number {
  const value = /^\d{1,10}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw new Failure(
    'OPTION_INVALID',
    `--${flag} is ${JSON.stringify(text)}, and takes 0 to ${most}`,
  );
}

function appliedWords(
  { backend, ipv6 }: Applied,
  { uid, gid, proxyPort, dnsPort, ports }: Rules,
): string {
  const kind = backend === 'plain' ? 'iptables' : `iptables-${backend}`;
  const names = dnsPort === undefined ? '' : `, 53 to ${dnsPort}`;
  const own = `not those of uid ${uid} with gid ${gid}`;
  return `${kind}, IPv6 ${ipv6}: ports ${ports.join(', ')} to ${proxyPort}${names}; ${own}`;
}
