import type { Machine } from '../../src/capture/apply.ts';
import type { Ran } from '../../src/capture/command.ts';

/** A machine whose commands do what a test says, and the commands that were run on it. */
export interface FakeMachine extends Machine {
  readonly commands: readonly string[];
  /** What a save command prints, without counters. */
  readonly save: (command: string) => string;
}

/** What one command does; nothing where the ordinary happens. */
export type Behaviour = (line: string, input: string) => Partial<Ran> | undefined;

/** Words of the real commands, for tests of what is made of them. */
export const words = {
  forbidden: 'Could not fetch rule set generation id: Permission denied (you must be root)\nmore',
  noNat: "can't initialize iptables table `nat': Table does not exist (do you need to insmod?)",
};

/** A table of a kernel: its chains, in the order in which they were made. */
type FakeTable = Map<string, string[]>;

const builtIn: Readonly<Record<string, readonly string[]>> = {
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

/**
 * A machine with iptables of both kinds and families, which keep what is restored, and save it; no
 * `nft`. Not a kernel: `test/netns` has that.
 */
export function fakeMachine(behaviour: Behaviour = () => undefined, hasIpv6 = true): FakeMachine {
  const commands: string[] = [];
  const kinds = new Map<string, Map<string, FakeTable>>();
  const save = (command: string): string => saved(kinds.get(command) ?? new Map());
  const ordinary = (command: string, input: string): Partial<Ran> => {
    const kind = command.replace(/-(?:save|restore)$/, '');
    if (command.endsWith('-save')) return { stdout: save(kind) };
    if (command === 'ip') return {};
    if (!command.endsWith('-restore')) return { ok: false, missing: true };
    const tables = kinds.get(kind) ?? new Map<string, FakeTable>();
    kinds.set(kind, tables);
    return restored(tables, input);
  };
  return {
    commands,
    save,
    hasIpv6: () => hasIpv6,
    setting: () => '1',
    async run(command, args, input = '') {
      const line = [command, ...args].join(' ');
      commands.push(line);
      const done = behaviour(line, input) ?? ordinary(command, input);
      return { missing: false, ok: true, stdout: '', stderr: '', ...done };
    },
  };
}

/** A behaviour: the commands that a pattern fits fail, in these words, or (`missing`) because they are not there. */
export function failing(pattern: RegExp, stderr: string): Behaviour {
  return (line) => {
    if (!pattern.test(line)) return undefined;
    return stderr === 'missing' ? { ok: false, missing: true } : { ok: false, stderr };
  };
}

function saved(tables: ReadonlyMap<string, FakeTable>): string {
  const lines = [...tables].flatMap(([name, chains]) => [
    `*${name}`,
    ...[...chains.keys()].map((chain) =>
      builtIn[name]?.includes(chain) === true ? `:${chain} ACCEPT [0:0]` : `:${chain} - [0:0]`,
    ),
    ...[...chains].flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
    'COMMIT',
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

function restored(tables: Map<string, FakeTable>, input: string): Partial<Ran> {
  let name = '';
  let chains: FakeTable = new Map();
  for (const line of input.trim().split('\n')) {
    if (line.startsWith('*')) {
      name = line.slice(1);
      const empty = (builtIn[name] ?? []).map((chain): [string, string[]] => [chain, []]);
      // A copy: what fails on the way leaves no trace.
      chains = new Map(
        [...(tables.get(name) ?? empty)].map(([chain, rules]) => [chain, [...rules]]),
      );
    } else if (line === 'COMMIT') tables.set(name, chains);
    else if (!step(chains, line)) return { ok: false, stderr: `line failed: ${line}` };
  }
  return {};
}

/** Does one line of a restore; false where it cannot. */
function step(chains: FakeTable, line: string): boolean {
  const [, made] = /^:(\S+) - /.exec(line) ?? [];
  if (made !== undefined) return chains.set(made, []).size > 0;
  const [verb = '', chain = '', ...rest] = line.split(' ');
  const rules = chains.get(chain);
  if (rules === undefined) return false;
  switch (verb) {
    case '-A':
      return rules.push(rest.join(' ')) > 0;
    case '-I':
      return rules.splice(Number(rest[0]) - 1, 0, rest.slice(1).join(' ')).length === 0;
    case '-D':
      return (
        rules.includes(rest.join(' ')) && rules.splice(rules.indexOf(rest.join(' ')), 1).length > 0
      );
    case '-F':
      return rules.splice(0).length >= 0;
    case '-X':
      return rules.length === 0 && chains.delete(chain);
    default:
      return false;
  }
}
