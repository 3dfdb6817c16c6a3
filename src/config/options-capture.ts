import type { Option } from './option.ts';
import * as values from './values.ts';
import * as captured from './values-capture.ts';
import { descriptorPair, liveHosts } from './values-run.ts';

/** What the kernel leads to magneto. */
export const captureOptions = {
  transparent: {
    env: 'MAGNETO_TRANSPARENT',
    takes: 'true | false',
    default: 'false',
    doc: 'Whether connections that the kernel redirects are taken in, as `magneto rules apply` has it; also answers questions for names. Explicit clients are served as ever. Linux only.',
    reason:
      'Needs rules in the kernel, which the transparent image applies; without them it does nothing.',
    parse: values.truth,
    words: ['true', 'false'],
  },
  redirectPorts: {
    env: 'MAGNETO_REDIRECT_PORTS',
    takes: 'all | ports from 1 to 65535, comma-separated',
    default: '',
    doc: 'Ports of servers to capture beside 80 and 443; `all` is every TCP port. Read by `magneto rules`, and only where connections are captured.',
    reason:
      'Servers of a test rarely listen on 80 and 443; a database should not be captured unless one asks for it.',
    parse: captured.capturedPorts,
  },
  redirectExcludePorts: {
    env: 'MAGNETO_REDIRECT_EXCLUDE_PORTS',
    takes: 'ports from 1 to 65535, comma-separated',
    default: '',
    doc: 'Ports of servers to leave alone, over TCP and UDP: neither captured nor refused, but counted. 80 and 443 can be named too; 53 leaves questions for names to their resolver.',
    reason: 'With `all` there is always one port that should stay real.',
    parse: values.ports,
  },
  redirectCidrs: {
    env: 'MAGNETO_REDIRECT_CIDRS',
    takes: 'IP addresses and CIDR ranges, comma-separated; IPv4 and IPv6',
    default: '',
    doc: 'Only connections to these destinations are captured; where only one family is named, none of the other. Questions for names are captured whoever is asked.',
    reason: 'A test may have one neighbour that is to be recorded among many that are not.',
    parse: captured.addressRanges,
  },
  redirectExcludeCidrs: {
    env: 'MAGNETO_REDIRECT_EXCLUDE_CIDRS',
    takes: 'IP addresses and CIDR ranges, comma-separated; IPv4 and IPv6',
    default: '',
    doc: 'Destinations to leave alone: neither captured nor refused, but counted.',
    reason: 'A network of databases or of metadata (169.254.169.254) is one range.',
    parse: captured.addressRanges,
  },
  redirectUids: {
    env: 'MAGNETO_REDIRECT_UIDS',
    takes: 'numbers of users, or ranges of them (1000-1999), comma-separated',
    default: '',
    doc: 'Only processes of these users are captured, names included. Not for the clients of a gateway, whose users it cannot know.',
    reason: 'On a shared machine only the user of the test is to be captured.',
    parse: captured.users,
  },
  redirectExcludeUids: {
    env: 'MAGNETO_REDIRECT_EXCLUDE_UIDS',
    takes: 'numbers of users, or ranges of them (1000-1999), comma-separated',
    default: '',
    doc: 'Processes of these users are left alone, names included. Not for the clients of a gateway.',
    reason: 'An agent beside the application (monitoring, backups) is not part of what is tested.',
    parse: captured.users,
  },
  gateway: {
    env: 'MAGNETO_GATEWAY',
    takes: 'true | false',
    default: 'false',
    doc: 'Whether connections of other machines, which have this one as their router, are captured as well, and their questions for names answered on each address of this one. The proxy then needs `MAGNETO_HOST` to be addresses that those machines reach.',
    reason: 'One magneto for several containers, each of which keeps a network of its own.',
    parse: values.truth,
    words: ['true', 'false'],
  },
  udp: {
    env: 'MAGNETO_UDP',
    takes: values.words.udp.join(' | '),
    default: 'auto',
    doc: 'What becomes of UDP other than questions for names: `pass` lets it through and counts it, `reject` refuses it. `auto` refuses it in a replay that fails what it misses (in mode `auto`: where a complete cassette stands when the rules are applied), and lets it through otherwise. Where it is refused, so is what is neither TCP nor UDP (SCTP, tunnels), but for ICMP and IGMP. QUIC (UDP 443) is refused in any case, so that its clients go on to TCP.',
    reason: 'UDP is not recorded, so a replay that let it through would not be one.',
    parse: values.word('udp'),
    words: values.words.udp,
  },
  seal: {
    env: 'MAGNETO_SEAL',
    takes: 'true | false',
    default: 'false',
    doc: 'Whether the kernel refuses each connection that magneto itself would open beyond this machine. Read by `magneto rules`; for a replay that never reaches the network.',
    reason: 'Proof rather than promise: what the rules refuse, no mistake of ours can do.',
    parse: values.truth,
    words: ['true', 'false'],
  },
  fail: {
    env: 'MAGNETO_FAIL',
    takes: values.words.fail.join(' | '),
    default: 'closed',
    doc: 'What becomes of connections while magneto is down: `closed` leaves the rules, so that captured connections are refused; `open` takes them away until it is back. Read by the entrypoint of the transparent image.',
    reason: 'A connection that gets past a recorder is one that a replay lacks.',
    parse: values.word('fail'),
    words: values.words.fail,
  },
  iptables: {
    env: 'MAGNETO_IPTABLES',
    takes: values.words.iptables.join(' | '),
    default: 'auto',
    doc: 'Which iptables writes the rules: that over nftables, the older one, or the one under the bare name. `auto` is the one that holds rules of ours or of Docker, else the first that works.',
    reason: 'Two kinds side by side hide each other’s rules; a kernel may have but one.',
    parse: values.word('iptables'),
    words: values.words.iptables,
  },
  opaquePorts: {
    env: 'MAGNETO_OPAQUE_PORTS',
    takes: 'ports from 1 to 65535, comma-separated; empty is none',
    default: '21,22,25,110,143,587,3306,4222,6379,11211',
    doc: 'Ports of servers whose connections are passed on as raw streams at once, without a look at the first bytes, where they are captured or come by CONNECT. In a strict replay they are refused as raw streams are.',
    reason:
      'Where the server speaks first (FTP, SSH, SMTP, POP3, IMAP, MySQL, NATS) a look would wait 250 ms for the client in vain; the text commands of Redis and memcached can pass for HTTP. Protocols whose first bytes tell them apart need no place here.',
    parse: values.ports,
  },
  dnsPort: {
    env: 'MAGNETO_DNS_PORT',
    takes: '0 to 65535; 0 is any free port',
    default: '8853',
    doc: 'The port where captured questions for names are answered (UDP and TCP): on loopback, of a gateway on each of its addresses. Only where `MAGNETO_TRANSPARENT` is on.',
    reason:
      'A replay has to answer for names as well: a client that cannot resolve one never connects.',
    parse: values.whole(0, 65_535),
  },
  live: {
    env: 'MAGNETO_LIVE',
    takes:
      'hosts, `*.example.org`, IP addresses and CIDR ranges, each with `:port` or without, comma-separated',
    default: '',
    doc: 'Neighbours that stay real in every mode: resolved live, passed on untouched, never recorded, never replayed, and listed in the receipt.',
    reason:
      'A database beside the application is part of the test and no part of the recording; in a replay these are all that can be reached.',
    parse: liveHosts,
  },
  selfTest: {
    env: 'MAGNETO_SELF_TEST',
    takes: 'true | false',
    default: 'false',
    doc: 'Whether `/health` says `waiting for the self-test` until the test connections of `magneto rules verify` have come through.',
    reason:
      'Set by the transparent image, which runs that test: ready then means that connections are captured, not only that somebody listens.',
    parse: values.truth,
    words: ['true', 'false'],
  },
  counters: {
    env: 'MAGNETO_COUNTERS',
    takes: 'two file descriptors, such as `8,9`',
    default: '',
    doc: 'Where the counters of the kernel rules are asked for: a line on the first descriptor is answered with a line of JSON on the second.',
    reason:
      'Set by the transparent image: only root may read the rules, and the receipt says what they saw.',
    parse: descriptorPair,
  },
  dnsMiss: {
    env: 'MAGNETO_DNS_MISS',
    takes: values.words.dnsMiss.join(' | '),
    default: 'nxdomain',
    doc: 'What a captured client is told in a replay of a name that nobody recorded: that it does not exist, or that it could not be resolved. Missed either way.',
    reason:
      'A name that does not exist fails at once everywhere; many clients ask again after a failure.',
    parse: values.word('dnsMiss'),
    words: values.words.dnsMiss,
  },
} as const satisfies Record<string, Option<unknown>>;
