import { X509Certificate } from 'node:crypto';

const block = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates of a PEM text in their order, each once; one that cannot be read is passed over. */
export function readCertificates(pem: string): readonly X509Certificate[] {
  return withoutTwins((pem.match(block) ?? []).flatMap((text) => readCertificate(text) ?? []));
}

/** The certificates in their order, each once. */
export function withoutTwins(list: readonly X509Certificate[]): readonly X509Certificate[] {
  const seen = new Map<string, X509Certificate>();
  for (const each of list) {
    const key = each.raw.toString('latin1');
    if (!seen.has(key)) seen.set(key, each);
  }
  return [...seen.values()];
}

/** The certificates as one PEM text, and nothing else: some readers stumble over comments. */
export function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map(String).join('');
}

/** Whether a certificate ends a chain: it names itself as its issuer. */
export function isRoot(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate);
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
