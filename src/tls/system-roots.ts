import type { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { readCertificates } from './certificates.ts';

/** Where systems keep the authorities that they trust, in one file. */
const usualBundles: readonly string[] = [
  // Debian, Ubuntu, Alpine, Arch
  '/etc/ssl/certs/ca-certificates.crt',
  // Fedora, RHEL
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  // SUSE
  '/etc/ssl/ca-bundle.pem',
  // macOS, FreeBSD
  '/etc/ssl/cert.pem',
];

/**
 * The authorities that programs here trust without us: those of the first bundle that can be read,
 * the given one (`SSL_CERT_FILE`) before the usual places; else those that come with Node, as in
 * images that have none.
 */
export async function systemRoots(
  given: string | undefined,
  usual = usualBundles,
): Promise<readonly X509Certificate[]> {
  for (const file of given === undefined ? usual : [given, ...usual]) {
    const found = readCertificates(await readFile(file, 'latin1').catch(() => ''));
    if (found.length > 0) return found;
  }
  return readCertificates(rootCertificates.join('\n'));
}
