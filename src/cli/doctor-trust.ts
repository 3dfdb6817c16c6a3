import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { runCommand } from '../capture/capture.ts';
import { absentStatus, runtimes } from './doctor-runtimes.ts';
import type { Runtime, TrustTarget } from './doctor-runtimes.ts';
import type { Row } from './doctor-row.ts';

/** What the trust of this container is asked with. */
export interface TrustAsked extends TrustTarget {
  readonly certificatePem: string;
  readonly env: NodeJS.ProcessEnv;
}

/** One row for each runtime on the path, for Java's trust store, and for the store of the system. */
export async function trustRows(asked: TrustAsked): Promise<readonly Row[]> {
  const rows: Row[] = [];
  // One after the other: what a machine has to start at once should not tell on what it says.
  for (const runtime of runtimes) rows.push(...(await runtimeRow(runtime, asked)));
  return [...rows, ...(await javaRow(asked)), await systemRow(asked)];
}

async function runtimeRow(runtime: Runtime, asked: TrustAsked): Promise<readonly Row[]> {
  const { name, command, args, add, passed } = runtime;
  const ran = await runCommand(command, args(asked));
  if (ran.missing || ran.status === absentStatus) return [];
  const layer = `trust: ${name}`;
  if (passed === undefined ? ran.ok : passed(ran.stderr)) {
    return [{ layer, status: 'ok', words: 'trusts the CA' }];
  }
  const said = ran.stderr.split('\n').filter((line) => !/^(?:\s|Traceback|$)/.test(line));
  const reason = said.find((line) => /certif|verif|\bssl|\btls/i.test(line));
  if (reason === undefined) {
    const words = `could not be asked: ${cut(said.at(-1) ?? 'it ended without a word')}`;
    return [{ layer, status: 'unknown', words }];
  }
  const words = `does not trust the CA: ${cut(reason)}`;
  return [{ layer, status: 'warn', words, add: add(asked.trustDir) }];
}

function cut(text: string): string {
  return text.trim().slice(0, 120);
}

/** Java's trust store is looked into, as a program of Java's takes a compiler and seconds. */
async function javaRow({ certificatePem, env, trustDir }: TrustAsked): Promise<readonly Row[]> {
  const set = `${env['JAVA_TOOL_OPTIONS'] ?? ''} ${env['JDK_JAVA_OPTIONS'] ?? ''}`;
  const store = /-Djavax\.net\.ssl\.trustStore=(\S+)/.exec(set)?.[1];
  const password = /-Djavax\.net\.ssl\.trustStorePassword=(\S+)/.exec(set)?.[1] ?? 'changeit';
  const which = store === undefined ? ['-cacerts'] : ['-keystore', store];
  const listed = await runCommand('keytool', ['-list', ...which, '-storepass', password]);
  if (listed.missing) return [];
  const layer = 'trust: java';
  const { fingerprint256 } = new X509Certificate(certificatePem);
  if (listed.stdout.includes(fingerprint256)) {
    return [{ layer, status: 'ok', words: `the CA is in ${store ?? 'its own trust store'}` }];
  }
  const words = `the CA is not in ${store ?? 'its own trust store'}`;
  const options = `-Djavax.net.ssl.trustStore=${trustDir}/truststore.p12 -Djavax.net.ssl.trustStorePassword=changeit`;
  return [{ layer, status: 'warn', words, add: `JAVA_TOOL_OPTIONS="${options}"` }];
}

/** Where distributions keep the authorities of the whole system. */
const systemStores: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The store of the system is what Go, Rust, .NET and most C programs look into; SSL_CERT_FILE stands in for it. */
async function systemRow({ certificatePem, env, trustDir }: TrustAsked): Promise<Row> {
  const layer = 'trust: system (Go, Rust, .NET)';
  const named = env['SSL_CERT_FILE'];
  const wanted = bodyOf(certificatePem);
  for (const store of named === undefined ? systemStores : [named]) {
    const text = await readFile(store, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    if (text.replaceAll(/\s/g, '').includes(wanted)) {
      return { layer, status: 'ok', words: `the CA is in ${store}` };
    }
    const words = `the CA is not in ${store}`;
    const add = `SSL_CERT_FILE=${trustDir}/bundle.pem, or as root: sh ${trustDir}/install-ca.sh`;
    return { layer, status: 'warn', words, add };
  }
  return { layer, status: 'unknown', words: 'no store of certificates was found' };
}

/** The base64 of a certificate, without its frame and line breaks. */
function bodyOf(pem: string): string {
  return pem.replaceAll(/-----[^-]+-----|\s/g, '');
}
