import type { Option } from './option.ts';
import * as values from './values.ts';

/** Every option, in the order of the documentation. */
export const options = {
  mode: {
    env: 'MAGNETO_MODE',
    takes: values.words.mode.join(' | '),
    default: 'auto',
    doc: 'What answers a client: the network, a cassette, or one after the other. `auto` replays a complete cassette and records where there is none.',
    reason:
      'With `auto` the first run records and every later one replays, without a change of anything.',
    parse: values.word('mode'),
    words: values.words.mode,
  },
  cassetteName: {
    env: 'MAGNETO_CASSETTE_NAME',
    takes: 'a relative name without `..`, with folders if you like (`login/ok`)',
    default: 'default',
    doc: 'The cassette to record to and to replay from, without its file extension.',
    reason: 'One cassette a test or a suite keeps recordings small and their changes readable.',
    parse: values.cassetteName,
    failure: 'CASSETTE_NAME_INVALID',
  },
  cassetteDir: {
    env: 'MAGNETO_CASSETTE_DIR',
    takes: 'a folder',
    default: './cassettes',
    doc: 'Where cassettes are kept. It need not exist, and need be writable only for recording.',
    reason: 'Cassettes belong into version control, beside the tests that use them.',
    parse: values.path,
  },
  cassetteFormat: {
    env: 'MAGNETO_CASSETTE_FORMAT',
    takes: values.words.cassetteFormat.join(' | '),
    default: 'json',
    doc: 'How a new cassette is written. Reading goes by the file that is there.',
    reason:
      'JSON can be read and compared by people; the others are smaller, with the same content.',
    parse: values.word('cassetteFormat'),
    words: values.words.cassetteFormat,
  },
  hosts: {
    env: 'MAGNETO_HOST',
    takes: 'addresses or names, comma-separated',
    default: '127.0.0.1,::1',
    doc: 'The addresses that the proxy listens on. Where the machine has no IPv6, `::1` is passed over.',
    reason:
      'A proxy that anyone can reach is an open relay, so it is loopback unless you say otherwise (`0.0.0.0,::` in a container).',
    parse: values.listenHosts,
  },
  port: {
    env: 'MAGNETO_PORT',
    takes: '0 to 65535; 0 is any free port',
    default: '8888',
    doc: 'The port of the proxy: HTTP, CONNECT, TLS and raw streams alike.',
    reason: 'One port that looks at the first bytes needs no second one to be configured.',
    parse: values.whole(0, 65_535),
  },
  controlHosts: {
    env: 'MAGNETO_CONTROL_HOST',
    takes: 'addresses or names, comma-separated',
    default: '127.0.0.1,::1',
    doc: 'The addresses that the control plane (`/health`, `/receipt`, `/ca.pem`, `/metrics`) listens on.',
    reason: 'Apart from the proxy, so that a container can open one and keep the other to itself.',
    parse: values.listenHosts,
  },
  controlPort: {
    env: 'MAGNETO_CONTROL_PORT',
    takes: '0 to 65535; 0 is any free port',
    default: '8889',
    doc: 'The port of the control plane.',
    reason: 'A port of its own: what is asked of it can never be mistaken for traffic.',
    parse: values.whole(0, 65_535),
  },
  allowClients: {
    env: 'MAGNETO_ALLOW_CLIENTS',
    takes: 'IP addresses and CIDR ranges, comma-separated',
    default: '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,fc00::/7,fe80::/10',
    doc: 'The clients that may use the proxy and the control plane when they listen off loopback. Loopback itself always may.',
    reason: 'A forgotten port mapping on a machine with a public address must not serve the world.',
    parse: values.clientRanges,
  },
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
    takes: 'ports from 1 to 65535, comma-separated',
    default: '',
    doc: 'Ports of servers to capture beside 80 and 443. Read by `magneto rules`, and only where connections are captured.',
    reason: 'Servers of a test rarely listen on 80 and 443; a database should not be captured.',
    parse: values.ports,
  },
  dnsPort: {
    env: 'MAGNETO_DNS_PORT',
    takes: '0 to 65535; 0 is any free port',
    default: '8853',
    doc: 'The port, on loopback, where captured questions for names are answered (UDP and TCP). Only where `MAGNETO_TRANSPARENT` is on.',
    reason:
      'A replay has to answer for names as well: a client that cannot resolve one never connects.',
    parse: values.whole(0, 65_535),
  },
  cassetteWait: {
    env: 'MAGNETO_CASSETTE_WAIT',
    takes: 'true | false',
    default: 'false',
    doc: 'Whether a replay may start without its cassette: it is ready then, and opens the cassette at the first exchange after it has come to be there.',
    reason:
      'A service container of a CI job starts before the files of the job exist; elsewhere a missing cassette is a mistake to be told at once.',
    parse: values.truth,
    words: ['true', 'false'],
  },
  onMiss: {
    env: 'MAGNETO_ON_MISS',
    takes: values.words.onMiss.join(' | '),
    default: 'fail',
    doc: 'What a replay does with a request that the cassette does not have. Without effect in the modes `record`, `passthrough` and `hybrid`.',
    reason: 'A test that silently reaches the network is not the test that you wrote, so it fails.',
    parse: values.word('onMiss'),
    words: values.words.onMiss,
  },
  missStatus: {
    env: 'MAGNETO_MISS_STATUS',
    takes: '400 to 599',
    default: '502',
    doc: 'The HTTP status of the answer to a miss under `fail`.',
    reason:
      'An error that no recorded answer is likely to have; change it where a client treats 502 specially, by trying again for instance.',
    parse: values.whole(400, 599),
  },
  latency: {
    env: 'MAGNETO_LATENCY',
    takes: 'none | recorded | fixed:MILLISECONDS | scaled:PERCENT',
    default: 'none',
    doc: 'How long replayed answers and messages take.',
    reason: 'Tests want answers at once; demonstrations and time-out tests want them as they were.',
    parse: values.latency,
    words: ['none', 'recorded', 'fixed:', 'scaled:'],
  },
  certDir: {
    env: 'MAGNETO_CERT_DIR',
    takes: 'a folder',
    default: '.magneto/certs',
    doc: 'Where the CA is kept: `ca.pem` to be trusted by clients, `ca.key` to be kept secret. Made at the first start unless you bring them.',
    reason: 'A CA of your own, unique to this folder: nobody else has its key.',
    parse: values.path,
  },
  upstreamCa: {
    env: 'MAGNETO_UPSTREAM_CA',
    takes: 'PEM files, comma-separated',
    default: '',
    doc: 'Authorities to trust towards servers, in addition to those of the system.',
    reason: 'Servers inside a company or a test have certificates of a private authority.',
    parse: values.pemFiles,
  },
  upstreamInsecureHosts: {
    env: 'MAGNETO_UPSTREAM_INSECURE_HOSTS',
    takes: 'hosts, comma-separated; `*.example.org` and `*` stand for many',
    default: '',
    doc: 'Servers whose certificate is not verified.',
    reason:
      'Verification is on by default, and turned off host by host, so that a recording cannot come from an impostor by accident.',
    parse: values.hostPatterns,
  },
  upstreamProxy: {
    env: 'MAGNETO_UPSTREAM_PROXY',
    takes: 'http://[user:password@]host:port or https://…',
    default: '',
    doc: 'A proxy to go through towards servers: a corporate one, or another magneto.',
    reason:
      'Where the network is reachable through a proxy only. HTTP_PROXY is not read: in a container it commonly names magneto itself.',
    parse: values.upstreamProxy,
    secret: true,
  },
  upstreamNoProxy: {
    env: 'MAGNETO_UPSTREAM_NO_PROXY',
    takes: 'hosts, suffixes (`.example.org`), addresses and CIDR ranges, comma-separated',
    default: '',
    doc: 'Servers to reach without the upstream proxy.',
    reason: 'Servers beside magneto (other containers) are unknown to the corporate proxy.',
    parse: values.noProxy,
  },
  fsync: {
    env: 'MAGNETO_FSYNC',
    takes: values.words.fsync.join(' | '),
    default: 'interval',
    doc: 'When the write-ahead log of a recording is forced to the disk: before each answer ends, now and then, or not at all.',
    reason:
      'In every policy a killed process loses nothing that a client has read to its end; `always` holds even when the power goes, at the price of a disk write an answer.',
    parse: values.word('fsync'),
    words: values.words.fsync,
  },
  resume: {
    env: 'MAGNETO_RESUME',
    takes: 'true | false',
    default: 'false',
    doc: 'Whether a recording goes on with the unfinished take of one that was killed, instead of beginning anew.',
    reason:
      'Set by the transparent image when it starts a crashed proxy again: to the application it is one run.',
    parse: values.truth,
    words: ['true', 'false'],
  },
  logLevel: {
    env: 'MAGNETO_LOG_LEVEL',
    takes: values.words.logLevel.join(' | '),
    default: 'info',
    doc: 'The log on standard output (JSON, a line an event). One line an exchange at `info`, headers at `debug`, bodies never.',
    reason: 'One line an exchange is what one looks for when a test fails.',
    parse: values.word('logLevel'),
    words: values.words.logLevel,
  },
  bodyBytesMax: {
    env: 'MAGNETO_BODY_BYTES_MAX',
    takes: 'a whole number of bytes, at least 1',
    default: '134217728',
    doc: 'The largest body that an interaction may have. Larger ones pass through, but are not recorded whole.',
    reason:
      'A download must not fill the memory of the machine; 128 MiB is more than an API answers.',
    parse: values.whole(1, Number.MAX_SAFE_INTEGER),
  },
} as const satisfies Record<string, Option<unknown>>;

/** The name of an option in the settings. */
export type OptionName = keyof typeof options;

/** The names of all options, in the order of the documentation. */
export const optionNames = Object.keys(options) as readonly OptionName[];

/** What each option's text becomes. */
export type OptionValues = {
  readonly [Name in OptionName]: ReturnType<(typeof options)[Name]['parse']>;
};
