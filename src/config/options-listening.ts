import { clientCassettes } from './clients.ts';
import type { Option } from './option.ts';
import * as values from './values.ts';
import { bearerToken, connectionsMax } from './values-run.ts';

/** Where magneto listens, and to whom. */
export const listeningOptions = {
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
    doc: 'The addresses that the control plane (`/health`, `/receipt`, `/ca.pem`, `/metrics`, `/quit`) listens on.',
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
  controlToken: {
    env: 'MAGNETO_CONTROL_TOKEN',
    takes: 'visible ASCII characters',
    default: '',
    doc: 'What a client of the control plane has to send, as `Authorization: Bearer …`, to change anything (`POST /quit`). Without a token only clients on loopback may; with one, they need it too.',
    reason:
      'Whoever can reach the port of a container can end its run. What only reads needs no token.',
    parse: bearerToken,
    secret: true,
  },
  controlHostnames: {
    env: 'MAGNETO_CONTROL_HOSTNAMES',
    takes: 'hosts, comma-separated; `*.example.org` stands for many',
    default: '',
    doc: 'Names under which the control plane may be asked, beside IP addresses, `localhost`, `host.docker.internal`, `magneto.local`, the name of the machine and names without a dot (those of compose services).',
    reason:
      'A page in a browser can give its own name the address of this machine (DNS rebinding), and would then be asked under that name.',
    parse: values.hostPatterns,
  },
  allowClients: {
    env: 'MAGNETO_ALLOW_CLIENTS',
    takes: 'IP addresses and CIDR ranges, comma-separated',
    default: '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,fc00::/7,fe80::/10',
    doc: 'The clients that may use the proxy and the control plane when they listen off loopback. Loopback itself always may.',
    reason: 'A forgotten port mapping on a machine with a public address must not serve the world.',
    parse: values.clientRanges,
  },
  connectionsMax: {
    env: 'MAGNETO_CONNECTIONS_MAX',
    takes: 'auto, or a whole number of at least 1',
    default: 'auto',
    doc: 'How many connections of clients may be open at a time. `auto`: as many as the limit on open files (`ulimit -n`) allows with a connection to a server for each, and at most 32768. One more is answered with 503, or reset where it is captured; the others go on.',
    reason:
      'Without a limit of ours the system would close what is too much without a word, and take from the cassette the files that it needs.',
    parse: connectionsMax,
    words: ['auto'],
  },
  clients: {
    env: 'MAGNETO_CLIENTS',
    takes:
      'cassette=client, comma-separated; a client is an IP address, a CIDR range or a name (`web=172.30.0.5,jobs=172.30.1.0/24,api=api-service`)',
    default: '',
    doc: 'Clients that have a cassette of their own; the others share `MAGNETO_CASSETTE_NAME`. The narrowest range wins, a name is resolved at the start and again when an unknown client comes, and a cassette may have several clients.',
    reason:
      'Behind one gateway stand several containers: apart, the recording of one stays the same whatever the others do.',
    parse: clientCassettes,
  },
} as const satisfies Record<string, Option<unknown>>;
