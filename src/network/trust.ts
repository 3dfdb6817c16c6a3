import { X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { createSecureContext, getCACertificates } from 'node:tls';
import { Failure } from '../exchange/failure.ts';

/** Which certificates of servers are believed. */
export interface Trust {
  /** The certificate authorities as a context for OpenSSL; made at the first call and kept. */
  readonly context: () => SecureContext;
  /** Whether the certificate of a host is verified. */
  readonly verifies: (host: string) => boolean;
}

/**
 * Trust in the authorities of the system, in those bundled with Node and in the given ones (PEM);
 * hosts named by `insecureHosts` (`a.example`, `*.example`, `*`) are not verified.
 * @throws Failure OPTION_INVALID where a PEM is none.
 */
export function createTrust(options: {
  readonly upstreamCa: readonly string[];
  readonly insecureHosts: readonly string[];
}): Trust {
  for (const pem of options.upstreamCa) assertCertificate(pem);
  const insecure = options.insecureHosts.map((pattern) => pattern.toLowerCase());
  let context: SecureContext | undefined;
  return {
    context() {
      context ??= createSecureContext({ ca: authorities(options.upstreamCa) });
      return context;
    },
    verifies: (host) => !insecure.some((pattern) => matchesHost(pattern, host.toLowerCase())),
  };
}

/** Both stores: slim images have no system store, and corporate machines have their own root only there. */
function authorities(added: readonly string[]): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...added])];
}

function matchesHost(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === host) return true;
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1));
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
