import { clientCertificates } from './client-certificates.ts';
import type { Option } from './option.ts';
import { permittedNames, trustFolder } from './values-trust.ts';
import { liveHosts } from './values-run.ts';
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
  tlsPassthrough: {
    env: 'MAGNETO_TLS_PASSTHROUGH',
    takes:
      'hosts, `*.example.org`, `*`, IP addresses and CIDR ranges, each with `:port` or without, comma-separated',
    default: '',
    doc: 'Hosts whose TLS is passed through unopened: the client meets the real certificate, nothing is recorded, and the receipt lists them. A strict replay has nothing to answer with and refuses them (`MAGNETO_LIVE` keeps a host real there, too).',
    reason:
      'A client that pins the certificate of its server cannot be made to trust another; what is not opened is not recorded, so it is chosen host by host.',
    parse: liveHosts,
  },
  tlsPassthroughAfter: {
    env: 'MAGNETO_TLS_PASSTHROUGH_AFTER',
    takes: 'a whole number; 0 is never',
    default: '0',
    doc: 'After how many refusals of the certificate by clients a host is passed through for the rest of the run. The take is then `incomplete` in the receipt, and the exit status is 1. Without effect in a strict replay.',
    reason:
      'Lets a first run come to its end where some client cannot be taught; never by default, because a recording with holes must not come about unasked.',
    parse: values.whole(0, 1_000_000),
  },
  upstreamCa: {
    env: 'MAGNETO_UPSTREAM_CA',
    takes: 'PEM files, comma-separated',
    default: '',
    doc: 'Authorities to trust towards servers, in addition to those of the system. A strict replay, which reaches none, does without files that are missing.',
    reason: 'Servers inside a company or a test have certificates of a private authority.',
    parse: values.files,
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
  upstreamClientCerts: {
    env: 'MAGNETO_UPSTREAM_CLIENT_CERTS',
    takes:
      '`host=cert.pem:key.pem` or `host=both.pem`, comma-separated; a host as in `MAGNETO_UPSTREAM_INSECURE_HOSTS`',
    default: '',
    doc: 'What servers are shown that ask for a client certificate (mTLS); the first host that fits counts. The files are read once, at the start; keys must not be encrypted. A strict replay does without them.',
    reason:
      'The application shows its own certificate to magneto, which cannot use it towards the server: it has not its key.',
    parse: clientCertificates,
  },
  upstreamLegacyTlsHosts: {
    env: 'MAGNETO_UPSTREAM_LEGACY_TLS_HOSTS',
    takes: 'hosts, comma-separated; `*.example.org` and `*` stand for many',
    default: '',
    doc: 'Servers that may be spoken to in TLS 1.0 and 1.1, with the keys and suites of those days, and without safe renegotiation.',
    reason:
      'Some servers never learnt better, and nobody else should be talked down to them: host by host.',
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
