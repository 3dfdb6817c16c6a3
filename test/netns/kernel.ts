import { spawnSync } from 'node:child_process';
import type { Machine } from '../../src/capture/apply.ts';
import { runCommand } from '../../src/capture/command.ts';
import { has } from '../end-to-end/real-servers.ts';
import type { Condition } from '../skip.ts';
import type { Namespace } from './namespaces.ts';
import { namespacesThere } from './namespaces.ts';

/** The kinds of iptables that every suite of rules runs with. */
export const kinds = ['nft', 'legacy'] as const;

const takesRules = kinds.every((kind) => {
  const made = ['-n', `iptables-${kind}`, '-t', 'nat', '-N', 'X'];
  return spawnSync('unshare', made).status === 0;
});

/** Whether rules of both kinds can be tried on a kernel here. */
export const rulesThere: Condition = {
  ok: namespacesThere.ok && takesRules && has('curl') && has('python3'),
  reason: `${namespacesThere.reason}; and iptables of both kinds, curl, python3, a kernel with NAT`,
};

/** The kernel of a namespace, as the code that applies rules sees it. */
export function machineOf(inside: Namespace): Machine {
  const [enter = '', ...through] = inside.through;
  return {
    hasIpv6: () => true,
    setting: () => '1',
    async run(command, args, input) {
      const ran = await runCommand(enter, [...through, command, ...args], input);
      const missing = /failed to execute/.test(ran.stderr);
      return { ...ran, missing };
    },
  };
}

/** What one kind holds of both families, but for times and counters. */
export async function savedIn(inside: Namespace, kind: (typeof kinds)[number]) {
  const [v4 = '', v6 = ''] = await Promise.all(
    [`iptables-${kind}-save`, `ip6tables-${kind}-save`].map((command) => inside.run(command)),
  );
  return { v4: plain(v4), v6: plain(v6) };
}

/** The tables in the order of their names, for the older kind saves them in the order of their use. */
function plain(saved: string): string {
  const tables = saved.replaceAll(/^#.*\n/gm, '').replaceAll(/\[\d+:\d+\]/g, '[0:0]');
  return tables
    .split(/(?<=^COMMIT\n)/m)
    .toSorted()
    .join('');
}
