export { reservedGid as captureGid } from '../support/folder-group.ts';

/** What is captured, and who is left alone. */
export interface Rules {
  /** Traffic of processes with this user and this group, both, is our own. */
  readonly uid: number;
  readonly gid: number;
  /** Where captured connections go. */
  readonly proxyPort: number;
  /** Where questions for names go; nothing where they are not captured. */
  readonly dnsPort: number | undefined;
  /** Destination ports that are captured, over TCP. */
  readonly ports: readonly number[];
}

/** A version of the Internet Protocol; each has rules of its own. */
export type Family = 'v4' | 'v6';

/** A chain of ours: the table it is in, and its name. */
export interface Chain {
  readonly table: 'nat' | 'filter';
  readonly name: string;
}

/** Where connections are redirected. */
export const redirectChain: Chain = { table: 'nat', name: 'MAGNETO_OUTPUT' };

/** Where connections are refused that could not be redirected. */
export const blockChain: Chain = { table: 'filter', name: 'MAGNETO_BLOCK' };

/** What iptables matches at most in one rule of the multiport extension. */
const portsMax = 15;

const loopback: Readonly<Record<Family, string>> = { v4: '127.0.0.0/8', v6: '::1/128' };

/** The rule in OUTPUT that leads into a chain of ours, as arguments behind `-C OUTPUT` and its like. */
export function jumpTo({ name }: Chain): readonly string[] {
  return ['-m', 'comment', '--comment', 'magneto', '-j', name];
}

/**
 * The rules that redirect, as text for `iptables-restore --noflush`: it empties a chain of ours, or
 * makes it, and touches no other. Ours is exempt by user and group in one rule, so that an application
 * with one of the two is captured; names come before loopback, as Docker's resolver is 127.0.0.11;
 * loopback is exempt by destination, as packets without a route would leave through it as well.
 */
export function redirectRules(rules: Rules, family: Family): string {
  const { proxyPort, dnsPort, ports } = rules;
  const names = dnsPort === undefined ? [] : [nameRule('udp', dnsPort), nameRule('tcp', dnsPort)];
  const redirects = grouped(ports).map((group) =>
    rule(redirectChain, `-p tcp -m multiport --dports ${group}`, {
      comment: 'magneto: captured ports',
      target: `REDIRECT --to-ports ${proxyPort}`,
    }),
  );
  return restoreText(redirectChain, [
    ownRule(redirectChain, rules),
    ...names,
    loopbackRule(redirectChain, family),
    ...redirects,
  ]);
}

/**
 * The rules that refuse IPv6 on the captured ports, for a kernel that cannot redirect it: a client
 * that is refused at once goes on to IPv4, where one that gets through would not be recorded.
 */
export function blockRules(rules: Rules): string {
  const { dnsPort, ports } = rules;
  const refuse = (match: string, how: string): string =>
    rule(blockChain, match, {
      comment: 'magneto: IPv6 is not captured here',
      target: `REJECT --reject-with ${how}`,
    });
  const names =
    dnsPort === undefined
      ? []
      : [
          refuse('-p udp -m udp --dport 53', 'icmp6-port-unreachable'),
          refuse('-p tcp -m tcp --dport 53', 'tcp-reset'),
        ];
  return restoreText(blockChain, [
    ownRule(blockChain, rules),
    loopbackRule(blockChain, 'v6'),
    ...names,
    ...grouped(ports).map((group) => refuse(`-p tcp -m multiport --dports ${group}`, 'tcp-reset')),
  ]);
}

/** All that is applied where both families can be captured, for people and for shells. */
export function printedRules(rules: Rules): string {
  const jump = jumpTo(redirectChain).join(' ');
  const families = [
    { family: 'v4', command: 'iptables' },
    { family: 'v6', command: 'ip6tables' },
  ] as const;
  return families
    .map(({ family, command }) =>
      [
        `# ${command}-restore --noflush`,
        `${redirectRules(rules, family)}# ${command} -t nat -C OUTPUT ${jump} ||`,
        `#   ${command} -t nat -I OUTPUT 1 ${jump}`,
        '',
      ].join('\n'),
    )
    .join('\n');
}

function ownRule(chain: Chain, { uid, gid }: Rules): string {
  return rule(chain, `-m owner --uid-owner ${uid} --gid-owner ${gid}`, {
    comment: 'magneto: its own traffic',
    target: 'RETURN',
  });
}

function loopbackRule(chain: Chain, family: Family): string {
  return rule(chain, `-d ${loopback[family]}`, { comment: 'magneto: loopback', target: 'RETURN' });
}

function nameRule(protocol: 'udp' | 'tcp', port: number): string {
  return rule(redirectChain, `-p ${protocol} -m ${protocol} --dport 53`, {
    comment: 'magneto: names',
    target: `REDIRECT --to-ports ${port}`,
  });
}

function rule(
  chain: Chain,
  match: string,
  { comment, target }: { readonly comment: string; readonly target: string },
): string {
  return `-A ${chain.name} ${match} -m comment --comment "${comment}" -j ${target}`;
}

function restoreText(chain: Chain, rules: readonly string[]): string {
  return [`*${chain.table}`, `:${chain.name} - [0:0]`, ...rules, 'COMMIT', ''].join('\n');
}

/** The ports as the multiport extension takes them, sorted and each once. */
function grouped(ports: readonly number[]): readonly string[] {
  const sorted = [...new Set(ports)].toSorted((one, other) => one - other);
  const groups: string[] = [];
  for (let at = 0; at < sorted.length; at += portsMax) {
    groups.push(sorted.slice(at, at + portsMax).join(','));
  }
  return groups;
}
