import { authorityOf } from '../exchange/destination.ts';
import { isOwnAddress } from '../support/interfaces.ts';
import type { Family } from './rule-text.ts';
import { ofFamily } from './rule-text.ts';
import type { Scope } from './rules.ts';

/** Addresses of documentation (RFC 5737, RFC 3849), which are nobody's, but for machines set up by the book. */
const documented: Readonly<Record<Family, readonly string[]>> = {
  v4: ['192.0.2.2', '198.51.100.2', '203.0.113.2'],
  v6: ['2001:db8::2', '2001:db8:ffff::2'],
};

/** Whether an address is one that test connections go to, where no server ever is. */
export function isTestAddress(address: string): boolean {
  return documented.v4.includes(address) || documented.v6.includes(address);
}

/**
 * Where test connections of a family go: an address of documentation that is not this machine's own.
 * One that is not captured therefore reaches no server that could take it for a client.
 */
export function selfTestAddress(family: Family, isOwn = isOwnAddress): string {
  const [first = '', ...others] = documented[family];
  return [first, ...others].find((address) => !isOwn(address)) ?? first;
}

/** What a test connection asks of `http://magneto.local`. */
const selfTestPath = '/self-test';

/** One test connection. */
export interface Probe {
  readonly family: Family;
  /** Where it is made to: an address of documentation. */
  readonly address: string;
  readonly port: number;
}

/** What a proxy says to a test connection. */
export interface SelfTestAnswer {
  /** As the test connection had it. */
  readonly nonce: string;
  /** The id of the run, which `GET /health` shows as well. */
  readonly run: string;
  /** Where the kernel says that the connection was to go; nothing for an explicit client. */
  readonly destination: { readonly address: string; readonly port: number } | null;
}

/** The proxy's half of the self-test. */
export interface SelfTest {
  /** The id of the run. */
  readonly run: string;
  /** Answers a request for one of magneto's own pages; nothing where it is no test connection. */
  readonly answer: (
    path: string,
    destination: { readonly address?: string; readonly port: number },
  ) => SelfTestAnswer | undefined;
  /** Whether every connection came through that whoever tests says there are. */
  readonly passed: () => boolean;
}

/** What ports are sampled of where all are captured: well-known ones, and one of the ephemeral range. */
const samples: readonly number[] = [80, 443, 5432, 8080, 50_051];

/** The proxy's half of the self-test, which has seen nothing yet. */
export function createSelfTest(run: string): SelfTest {
  const seen = new Set<string>();
  let passed = false;
  return {
    run,
    answer(path, { address, port }) {
      const asked = readPath(path);
      if (asked === undefined) return undefined;
      const destination = address === undefined ? null : { address, port };
      if (destination !== null) seen.add(nameOf(destination));
      // Only who wrote the rules knows what they capture, so the connections say how many they are.
      if (asked.expects.length > 0 && asked.expects.every((one) => seen.has(one))) passed = true;
      return { nonce: asked.nonce, run, destination };
    },
    passed: () => passed,
  };
}

/** The path of a test connection: its nonce (hexadecimal digits), and all connections of the test. */
export function pathOf(nonce: string, expects: readonly Probe[]): string {
  return `${selfTestPath}?nonce=${nonce}&expects=${expects.map(nameOf).join(',')}`;
}

/**
 * The address to capture for the test where only some destinations are captured: one of theirs could be
 * a real server, which would be asked if the rules did not hold. Nothing where all or none are captured.
 */
export function addedAddress(
  { cidrs, excludedCidrs }: Pick<Scope, 'cidrs' | 'excludedCidrs'>,
  family: Family,
): string | undefined {
  const own = ofFamily(cidrs, family);
  const narrowed = own.length + ofFamily(excludedCidrs, family).length > 0;
  if (!narrowed || (cidrs.length > 0 && own.length === 0)) return undefined;
  return documented[family][0];
}

/** Where to test a family; nothing where no destination of it is captured. */
export function testAddress(
  scope: Pick<Scope, 'cidrs' | 'excludedCidrs'>,
  family: Family,
): string | undefined {
  if (scope.cidrs.length > 0 && ofFamily(scope.cidrs, family).length === 0) return undefined;
  return addedAddress(scope, family) ?? selfTestAddress(family);
}

/** A user whose connections are captured, where root's are not (users by number, or `from-to`); nothing where they are. */
export function capturedUser(
  uids: readonly string[],
  excludedUids: readonly string[],
): number | undefined {
  const [first] = uids;
  if (first !== undefined) return Number(first.split('-')[0]);
  const excluded = (user: number): boolean =>
    excludedUids.some((range) => {
      const [from = '', to = from] = range.split('-');
      return Number(from) <= user && user <= Number(to);
    });
  return excluded(0) ? testers.find((user) => !excluded(user)) : undefined;
}

/** `nobody`, and some of those that containers run as. */
const testers: readonly number[] = [65_534, 1000, 1];

/** The connections of a test: each captured port in each family, a few of them where all are captured. */
export function probesOf(captured: {
  readonly ports: 'all' | readonly number[];
  /** Ports that are not captured. */
  readonly except: readonly number[];
  /** Where to, in each family that is captured. */
  readonly addresses: Readonly<Partial<Record<Family, string>>>;
}): readonly Probe[] {
  const { ports, except, addresses } = captured;
  const wanted = [...new Set(ports === 'all' ? samples : ports)].filter(
    (port) => !except.includes(port),
  );
  return (['v4', 'v6'] as const).flatMap((family) => {
    const address = addresses[family];
    return address === undefined ? [] : wanted.map((port) => ({ family, address, port }));
  });
}

/** The answer in a body, where it is one of a magneto. */
export function readAnswer(body: string): SelfTestAnswer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { nonce, run, destination = null } = value as Partial<SelfTestAnswer>;
  if (typeof nonce !== 'string' || typeof run !== 'string') return undefined;
  return { nonce, run, destination };
}

/** Nothing of a request but hexadecimal digits is ever said back, so that no page can be made of it. */
function readPath(
  path: string,
): { readonly nonce: string; readonly expects: readonly string[] } | undefined {
  if (!path.startsWith(`${selfTestPath}?`)) return undefined;
  const query = new URLSearchParams(path.slice(selfTestPath.length));
  const nonce = query.get('nonce') ?? '';
  if (!/^[0-9a-f]{1,64}$/.test(nonce)) return undefined;
  return { nonce, expects: (query.get('expects') ?? '').split(',').filter((one) => one !== '') };
}

function nameOf({ address, port }: Pick<Probe, 'address' | 'port'>): string {
  return authorityOf({ host: address, port });
}
