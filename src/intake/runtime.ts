import type { ClientHello } from '../exchange/upstream.ts';
import type { HelloMarks } from './client-hello.ts';

/** What a client probably runs on, told by its hello. */
export type Runtime =
  | 'Node'
  | 'Python'
  | 'Java'
  | 'Go'
  | 'curl'
  | 'OpenSSL'
  | 'GnuTLS'
  | 'rustls'
  | 'Chromium'
  | 'Firefox'
  | 'unknown';

interface Mark {
  readonly runtime: Runtime;
  readonly bears: (marks: HelloMarks, hello: ClientHello) => boolean;
}

const statusRequestV2 = 17;
const postHandshakeAuthentication = 49;
const recordSizeLimit = 28;
const delegatedCredentials = 34;
/** Application settings, under its first and its present number. */
const applicationSettings: readonly number[] = [17_513, 17_613];

/** The suites of TLS 1.3 (RFC 8446, B.4) in the order of OpenSSL, which hardly any program changes. */
const openssl13 = '1302 1303 1301';
/** How its own choice for the versions before begins. */
const opensslDefault = 'c02c c030 009f';

/**
 * What tells the TLS libraries apart that programs are built on, and within OpenSSL the programs
 * that choose their own suites; the first that fits. Those of test/fixtures/hellos are real; of the
 * browsers only what is published is known.
 */
const table: readonly Mark[] = [
  // It alone puts the suites of TLS 1.3 behind those of TLS 1.2.
  { runtime: 'Go', bears: ({ ciphers }) => ciphers.findIndex(isOfTls13) > 1 },
  // It alone still asks for the status of several certificates at once (RFC 6961).
  { runtime: 'Java', bears: ({ extensions }) => extensions.includes(statusRequestV2) },
  { runtime: 'Node', bears: (marks) => isOpenssl(marks, 'c02f c02b c030 c02c') },
  { runtime: 'Python', bears: (marks) => isOpenssl(marks, 'c02c c030 c02b c02f') },
  {
    runtime: 'curl',
    bears: (marks, { alpn }) =>
      isOpenssl(marks, opensslDefault) &&
      alpn.includes('h2') &&
      (marks.version < 0x03_04 || marks.extensions.includes(postHandshakeAuthentication)),
  },
  // Suites with CCM right behind those with GCM.
  { runtime: 'GnuTLS', bears: ({ ciphers }) => begins(ciphers, `${openssl13} 1304`) },
  { runtime: 'OpenSSL', bears: (marks) => isOpenssl(marks, opensslDefault) },
  {
    runtime: 'rustls',
    bears: ({ ciphers }) => begins(ciphers, '1302 1301 1303 c02c c02b cca9 c030 c02f cca8'),
  },
  {
    runtime: 'Chromium',
    bears: ({ extensions }) => applicationSettings.some((type) => extensions.includes(type)),
  },
  {
    runtime: 'Firefox',
    bears: ({ extensions }) =>
      extensions.includes(recordSizeLimit) && extensions.includes(delegatedCredentials),
  },
];

/** The probable runtime of whoever wrote a hello; `unknown` rather than a guess that nothing bears out. */
export function runtimeOf(marks: HelloMarks, hello: ClientHello): Runtime {
  return table.find(({ bears }) => bears(marks, hello))?.runtime ?? 'unknown';
}

/** Whether the suites are those of OpenSSL for TLS 1.3, if any, and then begin with these. */
function isOpenssl({ ciphers }: HelloMarks, suites: string): boolean {
  const ofTls13 = ciphers.filter(isOfTls13);
  const older = ciphers.filter((suite) => !isOfTls13(suite));
  return (ofTls13.length === 0 || begins(ciphers, openssl13)) && begins(older, suites);
}

/** Whether suites begin with those, in hexadecimal. */
function begins(ciphers: readonly number[], suites: string): boolean {
  const wanted = suites.split(' ').map((suite) => Number.parseInt(suite, 16));
  return wanted.every((suite, index) => ciphers[index] === suite);
}

function isOfTls13(suite: number): boolean {
  return suite >> 8 === 0x13;
}
