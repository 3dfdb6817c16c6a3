import { constants, X509Certificate } from 'node:crypto';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import { createSecureContext, getCACertificates } from 'node:tls';
import { Failure } from '../exchange/failure.ts';

/** What servers of certain hosts are shown where they ask who is there (PEM). */
export interface ClientCertificate {
  /** An exact name, `*.example.org` (any depth), or `*`. */
  readonly host: string;
  /** The leaf, and what leads from it to an authority that the server believes. */
  readonly certificate: string;
  readonly key: string;
}

/** Whom to believe, and how to introduce oneself. */
export interface TrustOptions {
  /** Certificate authorities (PEM) believed in addition to those of the system. */
  readonly upstreamCa: readonly string[];
  /** Hosts whose certificate is not verified: exact names, `*.example.org` (any depth), or `*`. */
  readonly insecureHosts: readonly string[];
  /** The first that fits a host is its own. */
  readonly clientCertificates?: readonly ClientCertificate[];
  /** Hosts that are spoken to as they were before TLS 1.2, where they know nothing better. */
  readonly legacyHosts?: readonly string[];
}

/** Which certificates of servers are believed, and on what terms TLS is spoken with them. */
export interface Trust {
  /** What TLS with a host needs, for OpenSSL; made at the first call for hosts of its kind and kept. */
  readonly context: (host: string) => SecureContext;
  /** Whether the certificate of a host is verified. */
  readonly verifies: (host: string) => boolean;
}

/**
 * TLS 1.0 and 1.1, keys and suites of those days, and servers that never learnt to renegotiate
 * safely (RFC 5746). The hello is kept small: some of them choke on the keys of today's.
 */
const legacy: SecureContextOptions = {
  minVersion: 'TLSv1',
  ciphers: 'ALL:!aNULL:!eNULL:@SECLEVEL=0',
  ecdhCurve: 'X25519:P-256:P-384:P-521',
  secureOptions:
    constants.SSL_OP_LEGACY_SERVER_CONNECT | constants.SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION,
};

/**
 * Trust in the authorities of the system, in those bundled with Node and in the given ones.
 * @throws Failure OPTION_INVALID where a PEM is none.
 */
export function createTrust(options: TrustOptions): Trust {
  const { upstreamCa, insecureHosts, clientCertificates = [], legacyHosts = [] } = options;
  for (const pem of upstreamCa) assertCertificate(pem);
  const contexts = new Map<string, SecureContext>();
  return {
    context(host) {
      const own = clientCertificates.findIndex((one) => matchesHost(one.host, host));
      const isLegacy = matchesAny(legacyHosts, host);
      const key = `${own} ${isLegacy}`;
      const known = contexts.get(key);
      if (known !== undefined) return known;
      const { certificate: cert, key: privateKey } = clientCertificates[own] ?? {};
      const made = createSecureContext({
        ca: authorities(upstreamCa),
        ...(cert !== undefined && privateKey !== undefined && { cert, key: privateKey }),
        ...(isLegacy && legacy),
      });
      contexts.set(key, made);
      return made;
    },
    verifies: (host) => !matchesAny(insecureHosts, host),
  };
}

/** Both stores: slim images have no system store, and corporate machines have their own root only there. */
function authorities(added: readonly string[]): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...added])];
}

function matchesAny(patterns: readonly string[], host: string): boolean {
  return patterns.some((pattern) => matchesHost(pattern, host));
}

function matchesHost(pattern: string, host: string): boolean {
  const [wanted, name] = [pattern.toLowerCase(), host.toLowerCase()];
  if (wanted === '*' || wanted === name) return true;
  return wanted.startsWith('*.') && name.endsWith(wanted.slice(1));
}

function assertCertificate(pem: string): void {
  try {
    void new X509Certificate(pem);
  } catch (cause) {
    throw new Failure('OPTION_INVALID', 'MAGNETO_UPSTREAM_CA names a file without a certificate', {
      cause,
    });
  }
}
