import type { Rules } from './rules.ts';
import type { ChainRules, Family, Hook, Remark, TableRules } from './rule-text.ts';
import { grouped, ofFamily, ownChains, rule } from './rule-text.ts';
import { destinations, loopback, ownMatch, resolversOwn, strangers } from './scope.ts';

const [output, forward, count] = ownChains.filter;

/** What of it this kernel can do. */
export interface Filtering {
  /** Whether what passes is counted, which needs the matches `conntrack` and `addrtype`; needed for a seal. */
  readonly counted: boolean;
  /** Whether connections are captured in this family; what is not is refused on the captured ports. */
  readonly captured: boolean;
}

interface Place {
  readonly chain: string;
  readonly rules: Rules;
  readonly family: Family;
  readonly filtering: Filtering;
}

/**
 * What is refused, and counters for what gets through. It comes after the redirections, so a captured
 * connection is one to loopback here.
 */
export function filterTable(rules: Rules, family: Family, filtering: Filtering): TableRules {
  const place = { rules, family, filtering };
  const chains: ChainRules[] = [{ name: output, rules: outputRules({ ...place, chain: output }) }];
  const hooks: Hook[] = [{ from: 'OUTPUT', into: output }];
  if (rules.gateway) {
    chains.push({ name: forward, rules: forwardRules({ ...place, chain: forward }) });
    hooks.push({ from: 'FORWARD', into: forward });
  }
  if (filtering.counted) chains.push({ name: count, rules: countRules() });
  return { table: 'filter', chains, hooks };
}

function outputRules(place: Place): readonly string[] {
  const { rules, family, filtering, chain } = place;
  const local = '-m addrtype --dst-type LOCAL';
  return [
    ...(rules.gateway ? [detours(place)] : []),
    ...(rules.sealed ? seal(place) : [own(place)]),
    rule(chain, `-d ${loopback[family]}`, { remark: 'loopback', target: '-j RETURN' }),
    ...(filtering.counted
      ? [rule(chain, local, { remark: 'here', target: '-j RETURN' }), answers(place), tails(place)]
      : []),
    // On our behalf, so it is not something that the application did past us.
    ...resolversOwn(rules, family).map((match) =>
      rule(chain, match, { remark: 'resolver', target: '-j RETURN' }),
    ),
    ...strangers(rules.scope).map((match) => leftAlone(place, match)),
    ...refusals(place),
  ];
}

function forwardRules(place: Place): readonly string[] {
  const { rules, filtering } = place;
  const seen = filtering.counted ? [answers(place)] : [];
  return [
    ...seen,
    ...(rules.forwards ? refusals(place) : [...exceptions(place), ...nothing(place)]),
  ];
}

/** What a replay does not answer is refused, in words that no client waits after. */
function nothing(place: Place): readonly string[] {
  const remark = 'notForwarded';
  return [
    ...datagrams({ ...place, rules: { ...place.rules, udp: 'reject' } }, ''),
    reject(place, '-p tcp', { remark, protocol: 'tcp' }),
    reject(place, '', { remark, protocol: 'udp' }),
  ];
}

function own({ chain, rules }: Place): string {
  return rule(chain, ownMatch(rules), { remark: 'own', target: '-j RETURN' });
}

/**
 * Of our own traffic only answers leave, by the direction that the kernel has seen: a connection that we
 * had opened before the seal is cut as well. Loopback stays open but for names: a resolver on loopback
 * (Docker's 127.0.0.11, systemd's) would ask the world on our behalf. Refused in words that no server
 * uses, so that it is not mistaken for a server's refusal.
 */
function seal(place: Place): readonly string[] {
  const { chain, rules, family } = place;
  const ours = ownMatch(rules);
  const shut = {
    remark: 'sealed',
    target: `-j REJECT --reject-with ${family === 'v4' ? 'icmp-admin-prohibited' : 'icmp6-adm-prohibited'}`,
  } as const;
  const dockers = family === 'v4' ? [rule(chain, `-d 127.0.0.11/32 ${ours}`, shut)] : [];
  return [
    rule(chain, `${ours} -m conntrack --ctdir REPLY`, {
      remark: 'ownAnswers',
      target: '-j RETURN',
    }),
    ...dockers,
    rule(chain, `-p udp -m udp --dport 53 ${ours}`, shut),
    rule(chain, `-p tcp -m tcp --dport 53 ${ours}`, shut),
    rule(chain, `-d ${loopback[family]} ${ours}`, { remark: 'own', target: '-j RETURN' }),
    rule(chain, ours, shut),
  ];
}

/** A router on the clients' own network would tell them a shorter way, past us, for whatever it passes on. */
function detours({ chain, family }: Place): string {
  const redirect =
    family === 'v4' ? '-p icmp -m icmp --icmp-type 5' : '-p ipv6-icmp -m icmp6 --icmpv6-type 137';
  return rule(chain, redirect, { remark: 'detours', target: '-j DROP' });
}

function answers({ chain }: Place): string {
  return rule(chain, '-m conntrack --ctdir REPLY', { remark: 'answers', target: '-j RETURN' });
}

/** What the kernel says for a connection that its process has closed: of our own, nobody's user and group are left to see. */
function tails({ chain }: Place): string {
  return rule(chain, '-m conntrack --ctstate ESTABLISHED -m owner ! --socket-exists', {
    remark: 'tails',
    target: '-j RETURN',
  });
}

/** What is left alone is not refused, but counted like all that gets through. */
function leftAlone({ chain, filtering }: Place, match: string): string {
  const target = filtering.counted ? `-g ${count}` : '-j RETURN';
  return rule(chain, match, { remark: 'leftAlone', target });
}

/** What is left alone whatever else becomes of it. */
function exceptions(place: Place): readonly string[] {
  const { excludedCidrs, excludedPorts } = place.rules.scope;
  return [
    ...ofFamily(excludedCidrs, place.family).map((range) => leftAlone(place, `-d ${range}`)),
    ...grouped(excludedPorts).flatMap((group) =>
      (['tcp', 'udp'] as const).map((protocol) =>
        leftAlone(place, `-p ${protocol} -m multiport --dports ${group}`),
      ),
    ),
  ];
}

function refusals(place: Place): readonly string[] {
  const { rules, family, filtering, chain } = place;
  const { counted } = filtering;
  const noConnection = '-p tcp -m conntrack --ctstate INVALID';
  return [
    ...exceptions(place),
    ...destinations(rules.scope, family).flatMap((destination) => [
      ...notCaptured(place, destination),
      ...datagrams(place, destination),
      ...(rules.udp === 'reject' ? otherProtocols(place, destination) : []),
    ]),
    // No redirection sees it, and the kernel itself says it where it was spoken to out of turn.
    ...(counted && rules.udp === 'reject'
      ? [rule(chain, noConnection, { remark: 'noConnection', target: '-j DROP' })]
      : []),
    ...(counted ? [rule(chain, '', { remark: 'passed', target: `-j ${count}` })] : []),
  ];
}

/**
 * What is to be captured, and was not. In IPv6 that cannot be captured, everything: a client that is
 * refused at once goes on to IPv4, where one that gets through would not be recorded. Else what no
 * redirection sees, which the kernel shows only to a connection's first packet: a connection from before
 * the rules, which its client then opens anew, and raw packets of none.
 */
function notCaptured(place: Place, destination: string): readonly string[] {
  const { filtering, rules } = place;
  // Where directions are not known, the answers of servers here look the same.
  if (filtering.captured && !filtering.counted) return [];
  const { ports, dnsPort } = rules;
  const remark = filtering.captured ? 'tooEarly' : 'notCaptured';
  const refused = (match: string, protocol: 'tcp' | 'udp'): string =>
    reject(place, `${destination}${match}`, { remark, protocol });
  const overTcp = '-p tcp -m tcp --dport 53';
  const names =
    dnsPort === undefined
      ? ports === 'all'
        ? [leftAlone(place, `${destination}${overTcp}`)]
        : []
      : [refused('-p udp -m udp --dport 53', 'udp'), refused(overTcp, 'tcp')];
  const captured =
    ports === 'all'
      ? ['-p tcp -m tcp']
      : grouped(ports).map((group) => `-p tcp -m multiport --dports ${group}`);
  return [...names, ...captured.map((match) => refused(match, 'tcp'))];
}

/** Where UDP is refused, so is whatever else carries messages (SCTP, DCCP, UDP-Lite, tunnels), but for ICMP and groups (IGMP), which every machine speaks. */
function otherProtocols(place: Place, destination: string): readonly string[] {
  const spoken = place.family === 'v4' ? ['icmp', '2'] : ['ipv6-icmp'];
  return [
    ...spoken.map((protocol) => leftAlone(place, `${destination}-p ${protocol}`)),
    reject(place, `${destination}! -p tcp`, { remark: 'udpRefused', protocol: 'udp' }),
  ];
}

/** QUIC is HTTP that cannot be captured: refused at once, its clients go on to TCP; dropped, they would wait for their own timers. */
function datagrams(place: Place, destination: string): readonly string[] {
  const { udp, dnsPort } = place.rules;
  const protocol = 'udp';
  const quic = reject(place, `${destination}-p udp -m udp --dport 443`, {
    remark: 'quic',
    protocol,
  });
  if (udp === 'pass') return [quic];
  const names =
    dnsPort === undefined ? [leftAlone(place, `${destination}-p udp -m udp --dport 53`)] : [];
  return [
    quic,
    ...names,
    reject(place, `${destination}-p udp`, { remark: 'udpRefused', protocol }),
  ];
}

function reject(
  { chain, family }: Place,
  match: string,
  { remark, protocol }: { readonly remark: Remark; readonly protocol: 'tcp' | 'udp' },
): string {
  const unreachable = family === 'v4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable';
  const how = protocol === 'tcp' ? 'tcp-reset' : unreachable;
  return rule(chain, match, { remark, target: `-j REJECT --reject-with ${how}` });
}

/**
 * The first packet of each flow that got through; of a flow without an answer, each packet is a first one.
 * Then the packets of flows whose first one these rules have not seen: those are older, or raw.
 */
function countRules(): readonly string[] {
  const fresh = '-m conntrack --ctstate NEW';
  const target = '-j RETURN';
  return [
    rule(count, `-p tcp ${fresh}`, { remark: 'tcpPassed', target }),
    rule(count, `-p udp ${fresh}`, { remark: 'udpPassed', target }),
    rule(count, fresh, { remark: 'otherPassed', target }),
    rule(count, '-p tcp', { remark: 'tcpOlder', target }),
    rule(count, '-p udp', { remark: 'udpOlder', target }),
    // The kernel's own words to its neighbours (IPv6) are tracked by nobody.
    rule(count, '-m conntrack ! --ctstate UNTRACKED', { remark: 'otherOlder', target }),
  ];
}
