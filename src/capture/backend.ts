import { Failure } from '../exchange/failure.ts';
import type { Ran, Run } from './command.ts';
import type { Family } from './rules.ts';
import { redirectChain } from './rules.ts';

/** The kinds of iptables: over nftables, the older one, or whichever stands under the bare name. */
export const backends = ['nft', 'legacy', 'plain'] as const;

/** One kind of iptables. */
export type Backend = (typeof backends)[number];

/** A chain of Docker's: its rules for the resolver at 127.0.0.11 are in the kind that Docker used here. */
const dockerChain = 'DOCKER_OUTPUT';

const probeChain = 'MAGNETO_PROBE';

/** The command of a backend and family: `iptables-nft`, `ip6tables-legacy-save`, `iptables-restore`. */
export function commandOf(
  { backend, family }: { readonly backend: Backend; readonly family: Family },
  what: '' | '-save' | '-restore' = '',
): string {
  const name = family === 'v4' ? 'iptables' : 'ip6tables';
  return backend === 'plain' ? name + what : `${name}-${backend}${what}`;
}

/** Whether some saved rules declare a chain. */
export function holdsChain(saved: string, chain: string): boolean {
  return saved.split('\n').some((line) => line.startsWith(`:${chain} `));
}

/**
 * The backend to use: the one that holds our rules already, or Docker's, as two kinds side by side
 * hide each other's; else the first by which this kernel takes a rule.
 * @throws Failure IPTABLES_MISSING, NET_ADMIN_MISSING, NAT_UNAVAILABLE
 */
export async function chooseBackend(run: Run): Promise<Backend> {
  const saved = new Map<Backend, string>();
  for (const backend of backends) {
    // All tables, as naming one would bring the older kind's into being.
    const { ok, stdout } = await run(commandOf({ backend, family: 'v4' }, '-save'), []);
    if (ok) saved.set(backend, stdout);
  }
  for (const chain of [redirectChain.name, dockerChain]) {
    const holder = backends.find((backend) => holdsChain(saved.get(backend) ?? '', chain));
    if (holder !== undefined) return holder;
  }
  const failures: Failure[] = [];
  for (const backend of backends) {
    const tried = await tryOut(run, backend);
    if (tried === 'works') return backend;
    if (tried !== 'missing') failures.push(tried);
  }
  const permission = failures.find(({ code }) => code === 'NET_ADMIN_MISSING');
  throw permission ?? failures[0] ?? new Failure('IPTABLES_MISSING', 'there is no iptables here');
}

/** Makes a chain that nothing leads into, and removes it. */
async function tryOut(run: Run, backend: Backend): Promise<'works' | 'missing' | Failure> {
  const command = commandOf({ backend, family: 'v4' });
  const made = await run(command, ['-t', 'nat', '-N', probeChain]);
  if (made.missing) return 'missing';
  const removed = await run(command, ['-t', 'nat', '-X', probeChain]);
  if (removed.ok) return 'works';
  return refused(command, made.ok ? removed : made);
}

/** What a command's refusal means, with its own words. */
export function refused(command: string, ran: Ran): Failure {
  if (ran.missing) return new Failure('IPTABLES_MISSING', `there is no ${command} here`);
  const words = ran.stderr.trim().split('\n')[0] ?? '';
  const detail = `${command}: ${words === '' ? 'it failed without a word' : words}`;
  const forbidden = /permission denied|not permitted|must be root/i.test(ran.stderr);
  return new Failure(forbidden ? 'NET_ADMIN_MISSING' : 'NAT_UNAVAILABLE', detail);
}
