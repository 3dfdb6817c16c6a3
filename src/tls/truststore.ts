import type { X509Certificate } from 'node:crypto';

/** What `changeit` is everywhere in the world of Java: known to all, so it keeps no secret. */
export const storePassword = 'changeit';

/** A certificate that a truststore has, under the name that `keytool -list` shows. */
export interface TrustedEntry {
  /** Lower-case ASCII: Java asks for names in lower case, and stores keep them as they were written. */
  readonly alias: string;
  readonly certificate: X509Certificate;
}

/** Gives each certificate a name of its own: its common name, and the beginning of its fingerprint. */
export function trustedEntries(certificates: readonly X509Certificate[]): readonly TrustedEntry[] {
  return certificates.map((certificate) => {
    const { subject, fingerprint } = certificate;
    const name = (/^CN=(.+)$/m.exec(subject) ?? /^OU?=(.+)$/m.exec(subject))?.[1] ?? 'authority';
    const words = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    const mark = fingerprint.replaceAll(':', '').slice(0, 12).toLowerCase();
    return { alias: `${words.slice(0, 60)}-${mark}`, certificate };
  });
}
