import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Settings } from './config/config.ts';
import type { FailureCode } from './exchange/failure.ts';
import { Failure } from './exchange/failure.ts';
import type { ClientCertificate } from './network/network.ts';
import { errorCode } from './support/system-error.ts';

/** What stands in the files that the way to servers needs. */
export interface UpstreamFiles {
  /** Authorities (PEM). */
  readonly upstreamCa: readonly string[];
  readonly clientCertificates: readonly ClientCertificate[];
  /** UPSTREAM_CA_INVALID and UPSTREAM_CLIENT_CERT_INVALID, for a run that needs them. */
  readonly failures: readonly Failure[];
}

type Named = Pick<Settings, 'upstreamCa' | 'upstreamClientCerts'>;

/** Reads the files that settings name; what is wrong with them is told beside what could be read. */
export function readUpstreamFiles({ upstreamCa, upstreamClientCerts }: Named): UpstreamFiles {
  const failures: Failure[] = [];
  const kept = <Content>(read: () => Content): Content[] => {
    try {
      return [read()];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
      return [];
    }
  };
  return {
    upstreamCa: upstreamCa.flatMap((file) => kept(() => readAuthorities(file))),
    clientCertificates: upstreamClientCerts.flatMap((one) =>
      kept(() => readClientCertificate(one)),
    ),
    failures,
  };
}

/**
 * Demands that all could be read; a strict replay, which reaches no server, goes on without.
 * @throws Failure UPSTREAM_CA_INVALID, UPSTREAM_CLIENT_CERT_INVALID
 */
export function demandFiles(
  unread: readonly Failure[],
  { isNeeded, log }: { readonly isNeeded: boolean; readonly log: Pick<Logger, 'warn'> },
): void {
  const [first] = unread;
  if (first === undefined) return;
  if (isNeeded) throw first;
  const codes = unread.map(({ code }) => code);
  const words = unread.map(({ message }) => message).join('; ');
  log.warn({ codes }, `${words}; a strict replay goes on without`);
}

function readAuthorities(file: string): string {
  const say = failing('UPSTREAM_CA_INVALID', `MAGNETO_UPSTREAM_CA names ${file}`);
  const found = certificatesIn(readPem(file, say), say);
  return found.map((certificate) => certificate.toString()).join('\n');
}

function readClientCertificate(one: Settings['upstreamClientCerts'][number]): ClientCertificate {
  const { host, certificateFile, keyFile } = one;
  const where = (file: string): Say =>
    failing(
      'UPSTREAM_CLIENT_CERT_INVALID',
      `MAGNETO_UPSTREAM_CLIENT_CERTS names ${file} for ${host}`,
    );
  const sayOfCertificate = where(certificateFile);
  const chain = certificatesIn(readPem(certificateFile, sayOfCertificate), sayOfCertificate);
  const key = readKey(readPem(keyFile, where(keyFile)), where(keyFile));
  const own = chain.find((certificate) => certificate.checkPrivateKey(key));
  if (own === undefined) {
    throw where(keyFile)(`its key fits no certificate of ${certificateFile}`);
  }
  const [from, to] = [new Date(own.validFrom), new Date(own.validTo)];
  if (to.getTime() <= Date.now()) throw sayOfCertificate(`it expired on ${dayOf(to)}`);
  if (from.getTime() > Date.now()) throw sayOfCertificate(`it is not valid before ${dayOf(from)}`);
  // The leaf first, whatever the order in the file (RFC 8446, 4.4.2).
  const ordered = [own, ...chain.filter((certificate) => certificate !== own)];
  return {
    host,
    certificate: ordered.map((certificate) => certificate.toString()).join('\n'),
    key: key.export({ type: 'pkcs8', format: 'pem' }),
  };
}

/** Makes the failure of a file of what is wrong with it. */
type Say = (what: string, cause?: unknown) => Failure;

function failing(code: FailureCode, file: string): Say {
  return (what, cause) => new Failure(code, `${file}: ${what}`, { cause });
}

function readPem(file: string, say: Say): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw say(`it cannot be read (${errorCode(cause) ?? 'no path'})`, cause);
  }
}

function certificatesIn(pem: string, say: Say): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw say('it holds no PEM certificate');
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw say('it holds a certificate that cannot be parsed', cause);
  }
}

/** The cause is left out: it may quote what stands in the file. */
function readKey(pem: string, say: Say): KeyObject {
  const [block] = pem.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]+?PRIVATE KEY-----/) ?? [];
  if (block === undefined) throw say('it holds no PEM key');
  if (/ENCRYPTED/.test(block)) {
    throw say('its key is encrypted; `openssl pkey` writes it in the clear');
  }
  try {
    return createPrivateKey(block);
  } catch {
    throw say('it holds a key that cannot be parsed');
  }
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
