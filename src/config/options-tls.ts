import type { Option } from './option.ts';
import { permittedNames, trustFolder } from './values-trust.ts';
import * as values from './values.ts';

/** The authority towards clients, and how servers are reached. */
export const tlsOptions = {
  certDir: {
    env: 'MAGNETO_CERT_DIR',
    takes: 'a folder',
    default: '.magneto/certs',
    doc: 'Where the CA is kept: `ca.pem` to be trusted by clients, `ca.key` to be kept secret. Made at the first start unless you bring them.',
    reason: 'A CA of your own, unique to this folder: nobody else has its key.',
    parse: values.path,
  },
  caNameConstraints: {
    env: 'MAGNETO_CA_NAME_CONSTRAINTS',
    takes: 'names of DNS and CIDR ranges, comma-separated; a name stands for all below it, too',
    default: '',
    doc: 'The only hosts that the CA made by magneto may speak for; others are refused. A CA that exists does not change: `magneto trust rotate` makes another.',
    reason:
      'Who steals the key of an unconstrained CA can speak for any host towards those who trust it. Off by default, because a proxy is asked for any host, and because some clients do not check it.',
    parse: permittedNames,
  },
  trustDir: {
    env: 'MAGNETO_TRUST_DIR',
    takes: 'a folder; no spaces, quotes, `:`, `$` or backslashes in its absolute path',
    default: '',
    doc: 'Where the trust kit is written at each start: certificates, truststores, variables and a script, for applications to trust the CA (docs/TRUST.md). Public files only.',
    reason:
      'Each runtime wants it in another form; a shared folder with all of them saves everyone the search. The images set it to `/trust`.',
    parse: trustFolder,
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
} as const satisfies Record<string, Option<unknown>>;
