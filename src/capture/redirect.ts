import type { Rules } from './rules.ts';
import { ownPorts } from './rules.ts';
import type { ChainRules, Family, TableRules } from './rule-text.ts';
import { grouped, ofFamily, ownChains, rule } from './rule-text.ts';
import { addedAddress } from './self-test.ts';
import { destinations, loopback, ownMatch, resolversOwn, strangers } from './scope.ts';

const [output, prerouting] = ownChains.nat;

/** What leads connections to us: those of processes here, and as a gateway those of other machines. */
export function redirectTable(rules: Rules, family: Family): TableRules {
  const local = { name: output, rules: outputRules(rules, family) };
  const localHook = { from: 'OUTPUT', into: output } as const;
  if (!rules.gateway) return { table: 'nat', chains: [local], hooks: [localHook] };
  const routed: ChainRules = { name: prerouting, rules: preroutingRules(rules, family) };
  return {
    table: 'nat',
    chains: [local, routed],
    hooks: [localHook, { from: 'PREROUTING', into: prerouting }],
  };
}

/**
 * Ours is exempt by user and group in one rule, so that an application with one of the two is captured;
 * names come before loopback, as Docker's resolver is 127.0.0.11; loopback is exempt by destination, as
 * packets without a route would leave through it as well.
 */
function outputRules(rules: Rules, family: Family): readonly string[] {
  const leave = { remark: 'leftAlone', target: '-j RETURN' } as const;
  return [
    rule(output, ownMatch(rules), { remark: 'own', target: '-j RETURN' }),
    ...strangers(rules.scope).map((match) => rule(output, match, leave)),
    ...resolversOwn(rules, family).map((match) =>
      rule(output, match, { remark: 'resolver', target: '-j RETURN' }),
    ),
    ...names(output, rules),
    rule(output, `-d ${loopback[family]}`, { remark: 'loopback', target: '-j RETURN' }),
    ...ownListeners(rules),
    ...selfTest(rules, family),
    ...redirects(output, rules, family),
  ];
}

/** The ports of ours that clients want when they were told our address in place of a server's; of all ports only the web's. */
function steered({ ports, scope }: Rules): readonly string[] {
  const wanted = ports === 'all' ? [80, 443] : ports;
  return grouped(wanted.filter((port) => !scope.excludedPorts.includes(port)));
}

/**
 * Our own packets over loopback come past here once more, and are decided already. What is for this
 * machine is not on its way elsewhere: explicit clients, the control plane; a question for a name is one
 * for us wherever it was sent to, so that a client may name us as its resolver.
 */
function preroutingRules(rules: Rules, family: Family): readonly string[] {
  const local = '-m addrtype --dst-type LOCAL';
  return [
    rule(prerouting, '-i lo', { remark: 'loopback', target: '-j RETURN' }),
    ...names(prerouting, rules),
    ...steered(rules).map((group) =>
      rule(prerouting, `-p tcp ${local} -m multiport --dports ${group}`, {
        remark: 'captured',
        target: `-j REDIRECT --to-ports ${rules.proxyPort}`,
      }),
    ),
    rule(prerouting, local, { remark: 'here', target: '-j RETURN' }),
    ...redirects(prerouting, rules, family),
  ];
}

function names(chain: string, { dnsPort }: Rules): readonly string[] {
  if (dnsPort === undefined) return [];
  return (['udp', 'tcp'] as const).map((protocol) =>
    rule(chain, `-p ${protocol} -m ${protocol} --dport 53`, {
      remark: 'names',
      target: `-j REDIRECT --to-ports ${dnsPort}`,
    }),
  );
}

/** Where every port is captured, a client that names us as its proxy by an address that is not loopback's is not led astray. */
function ownListeners(rules: Rules): readonly string[] {
  if (rules.ports !== 'all') return [];
  return grouped(ownPorts(rules)).map((group) =>
    rule(output, `-p tcp -m addrtype --dst-type LOCAL -m multiport --dports ${group}`, {
      remark: 'ownPorts',
      target: '-j RETURN',
    }),
  );
}

/** Lets a narrow scope be tested without a connection to a server that may be real. */
function selfTest({ scope, ports, proxyPort }: Rules, family: Family): readonly string[] {
  const address = addedAddress(scope, family);
  if (address === undefined) return [];
  return capturedPorts(ports).map((match) =>
    rule(output, `-d ${address} ${match}`, {
      remark: 'tested',
      target: `-j REDIRECT --to-ports ${proxyPort}`,
    }),
  );
}

function redirects(chain: string, rules: Rules, family: Family): readonly string[] {
  const { ports, dnsPort, proxyPort, scope } = rules;
  // Names that are not captured over UDP stay what they are over TCP.
  const unasked = ports === 'all' && dnsPort === undefined ? [53] : [];
  const leave = { remark: 'leftAlone', target: '-j RETURN' } as const;
  return [
    ...ofFamily(scope.excludedCidrs, family).map((range) => rule(chain, `-d ${range}`, leave)),
    ...grouped([...scope.excludedPorts, ...unasked]).map((group) =>
      rule(chain, tcpPorts(group), leave),
    ),
    ...destinations(scope, family).flatMap((destination) =>
      capturedPorts(ports).map((match) =>
        rule(chain, `${destination}${match}`, {
          remark: 'captured',
          target: `-j REDIRECT --to-ports ${proxyPort}`,
        }),
      ),
    ),
  ];
}

function capturedPorts(ports: Rules['ports']): readonly string[] {
  return ports === 'all' ? ['-p tcp'] : grouped(ports).map(tcpPorts);
}

function tcpPorts(group: string): string {
  return `-p tcp -m multiport --dports ${group}`;
}
