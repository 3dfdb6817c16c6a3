import type { Machine } from '../../src/capture/apply.ts';
import type { Ran } from '../../src/capture/command.ts';

/** A machine whose commands do what a test says, and the commands that were run on it. */
export interface FakeMachine extends Machine {
  readonly commands: readonly string[];
}

/** What one command line does; nothing where the ordinary happens. */
export type Behaviour = (line: string) => Partial<Ran> | undefined;

/** Words of the real commands, for tests of what is made of them. */
export const words = {
  forbidden: 'Could not fetch rule set generation id: Permission denied (you must be root)\nmore',
  noNat: "can't initialize iptables table `nat': Table does not exist (do you need to insmod?)",
};

/** A machine on which every command succeeds in silence, and no rule is there yet, unless a test says otherwise. */
export function fakeMachine(behaviour: Behaviour = () => undefined, hasIpv6 = true): FakeMachine {
  const commands: string[] = [];
  return {
    commands,
    hasIpv6: () => hasIpv6,
    async run(command, args) {
      const line = [command, ...args].join(' ');
      commands.push(line);
      const absent = line.includes(' -C ') ? { ok: false } : {};
      return { missing: false, ok: true, stdout: '', stderr: '', ...absent, ...behaviour(line) };
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
