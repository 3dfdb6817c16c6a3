import { Failure } from '../exchange/failure.ts';
import type { Ran, Run } from './command.ts';
import type { Family } from './rule-text.ts';
import { isOurs } from './rule-text.ts';
import type { Saved } from './saved.ts';
import { holdsChain, readSaved } from './saved.ts';

/** The kinds of iptables: over nftables, the older one, or whichever stands under the bare name. */
export const backends = ['nft', 'legacy', 'plain'] as const;

/** One kind of iptables. */
export type Backend = (typeof backends)[number];

/** What each kind of iptables holds that is there, before anything is done. */
export type Survey = ReadonlyMap<Backend, Readonly<Record<Family, Saved>>>;

/** A chain of Docker's: its rules for the resolver at 127.0.0.11 are in the kind that Docker used here. */
const dockerChain = 'DOCKER_OUTPUT';

/** The table of a Docker daemon that writes nftables itself, which no kind of iptables shows. */
const dockerTable = /^table ip6? docker-/m;

/** Needs what our rules need; no packet has this protocol, and nothing leads into the chain. */
const probe = [
  '*nat',
  ':MAGNETO_PROBE - [0:0]',
  '-A MAGNETO_PROBE -p 255 -m owner --uid-owner 0 --gid-owner 0 -m comment --comment "magneto: probe" -j REDIRECT',
  'COMMIT',
  '*nat',
  '-F MAGNETO_PROBE',
  '-X MAGNETO_PROBE',
  'COMMIT',
  '',
].join('\n');

/** One kind and family. */
export interface Place {
  readonly backend: Backend;
  readonly family: Family;
}

/** The command of a backend and family: `iptables-nft`, `ip6tables-legacy-save`, `iptables-restore`. */
export function commandOf({ backend, family }: Place, what: '-save' | '-restore'): string {
  const name = family === 'v4' ? 'iptables' : 'ip6tables';
  return backend === 'plain' ? name + what : `${name}-${backend}${what}`;
}

/**
 * What stands in each kind that can be read.
 * @throws Failure NET_ADMIN_MISSING, NET_RAW_MISSING where none may be
 */
export async function survey(run: Run, how: { readonly counters?: boolean } = {}): Promise<Survey> {
  const found = new Map<Backend, Record<Family, Saved>>();
  const failures: Failure[] = [];
  for (const backend of backends) {
    // The bare name is one of the other two: what it holds is not to be found twice.
    if (backend === 'plain' && found.size > 0) continue;
    // All tables, as naming one would bring the older kind's into being.
    const args = how.counters === true ? ['-c'] : [];
    const command = commandOf({ backend, family: 'v4' }, '-save');
    const v4 = await run(command, args);
    const v6 = await run(commandOf({ backend, family: 'v6' }, '-save'), args);
    if (v4.ok) found.set(backend, { v4: readSaved(v4.stdout), v6: readSaved(v6.stdout) });
    else if (!v4.missing) failures.push(refused(command, v4));
  }
  const permission = failures.find(({ code }) => code === 'NET_ADMIN_MISSING');
  if (permission === undefined) return found;
  const reason = await explained(run, permission);
  // Tables that stand and cannot be read: written beside them, ours would come after Docker's.
  if (found.size === 0 || reason.code === 'NET_RAW_MISSING') throw reason;
  return found;
}

/** Whether a kind holds rules of ours, of either family. */
export function holdsOurs(saved: Readonly<Record<Family, Saved>> | undefined): boolean {
  if (saved === undefined) return false;
  const tables = [...saved.v4.values(), ...saved.v6.values()];
  return tables.some(({ chains }) => [...chains.keys()].some(isOurs));
}

/**
 * The backend to use: the one asked for; else the one that holds our rules already, or Docker's, as two
 * kinds side by side hide each other's; else the first by which this kernel takes a rule.
 * @throws Failure IPTABLES_MISSING, NET_ADMIN_MISSING, NET_RAW_MISSING, NAT_UNAVAILABLE
 */
export async function chooseBackend(
  run: Run,
  { found, asked }: { readonly found: Survey; readonly asked: Backend | 'auto' },
): Promise<Backend> {
  const holder = asked === 'auto' ? await holderOf(run, found) : undefined;
  if (holder !== undefined) return holder;
  const failures: Failure[] = [];
  for (const backend of asked === 'auto' ? backends : [asked]) {
    const tried = await tryOut(run, backend);
    if (tried === undefined) return backend;
    if (asked === 'auto' && tried.code === 'IPTABLES_MISSING') continue;
    failures.push(await explained(run, tried));
  }
  throw (
    failures.find(({ code }) => permissions.has(code)) ??
    failures[0] ??
    new Failure('IPTABLES_MISSING', 'there is no iptables here')
  );
}

async function holderOf(run: Run, found: Survey): Promise<Backend | undefined> {
  const kinds = [...found.keys()];
  const ours = kinds.find((backend) => holdsOurs(found.get(backend)));
  if (ours !== undefined) return ours;
  const dockers = kinds.find((backend) => {
    const saved = found.get(backend)?.v4;
    return saved !== undefined && holdsChain(saved, dockerChain);
  });
  if (dockers !== undefined || !found.has('nft')) return dockers;
  // A chain that is made now comes before Docker's of the same priority: see docs/decisions.
  const { stdout } = await run('nft', ['list', 'ruleset']);
  return dockerTable.test(stdout) ? 'nft' : undefined;
}

/** Why a backend does not work; nothing where it does. */
async function tryOut(run: Run, backend: Backend): Promise<Failure | undefined> {
  try {
    await restore(run, { backend, family: 'v4' }, probe);
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/**
 * Hands a text to the restore command of a place.
 * @throws Failure IPTABLES_MISSING, NET_ADMIN_MISSING, NAT_UNAVAILABLE
 */
export async function restore(run: Run, place: Place, text: string): Promise<void> {
  const command = commandOf(place, '-restore');
  const done = await run(command, ['--noflush', ...waiting(place.backend)], text);
  if (!done.ok) throw refused(command, done);
}

/** What the kernel would take, if we had the right to. */
const permissions: ReadonlySet<string> = new Set(['NET_ADMIN_MISSING', 'NET_RAW_MISSING']);

/** Bits of `CapEff` in /proc/self/status (linux/capability.h). */
const capabilities = { netAdmin: 12n, netRaw: 13n } as const;

/** The older kind says the same words whatever is missing, and it needs two capabilities: what we have tells. */
async function explained(run: Run, failure: Failure): Promise<Failure> {
  const { code, message } = failure;
  if (code === 'IPTABLES_MISSING' || message.includes('-nft')) return failure;
  // By a command, because what counts is what the commands that we run may do.
  const { stdout } = await run('cat', ['/proc/self/status']);
  const held = /^CapEff:\s*([0-9a-f]+)$/m.exec(stdout)?.[1];
  if (held === undefined) return failure;
  const lacks = (bit: bigint): boolean => ((BigInt(`0x${held}`) >> bit) & 1n) === 0n;
  const options = { cause: failure };
  if (lacks(capabilities.netAdmin)) return new Failure('NET_ADMIN_MISSING', message, options);
  return lacks(capabilities.netRaw) ? new Failure('NET_RAW_MISSING', message, options) : failure;
}

/** Only the older kind takes turns by a lock, and only it knows the flag in every release. */
function waiting(backend: Backend): readonly string[] {
  return backend === 'legacy' ? ['--wait', '20'] : [];
}

/** What a command's refusal means, with its own words. */
export function refused(command: string, ran: Ran): Failure {
  if (ran.missing) return new Failure('IPTABLES_MISSING', `there is no ${command} here`);
  const words = ran.stderr.trim().split('\n')[0] ?? '';
  const detail = `${command}: ${words === '' ? 'it failed without a word' : words}`;
  const forbidden = /permission denied|not permitted|must be root/i.test(ran.stderr);
  return new Failure(forbidden ? 'NET_ADMIN_MISSING' : 'NAT_UNAVAILABLE', detail);
}
