import { beginsOldHello } from './old-hello.ts';

/** What the first bytes of a connection say of its protocol; `more`: they do not say yet. */
export type Detected = 'more' | { readonly kind: 'tls' | 'http' | 'http2' | 'raw' };

const methodBytesMax = 24;
const lineBreaksMax = 16;
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*/;
const knownMethods: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'TRACE',
]);
const schemes: readonly string[] = ['http://', 'https://', 'ws://', 'wss://'];

/**
 * Tells TLS, HTTP/1, HTTP/2 and everything else apart by the first bytes a client sent. It reads
 * from left to right and asks for more rather than guess: what it says of some bytes, it says of
 * all that begin with them. It never needs more than 64.
 */
export function detect(bytes: Buffer): Detected {
  if (bytes.length === 0) return 'more';
  if (bytes[0] === 0x16) return detectTls(bytes);
  const isOld = beginsOldHello(bytes);
  if (isOld !== false) return isOld === 'more' ? 'more' : { kind: 'tls' };
  const text = bytes.toString('latin1', 0, 64);
  // Clients may send empty lines before a request (RFC 9112, 2.2).
  const line = text.replace(/^(?:\r\n|\n)+/, '');
  const skipped = text.length - line.length;
  if (skipped > lineBreaksMax) return { kind: 'raw' };
  if (line === '' || line === '\r') return 'more';
  if (skipped === 0) {
    if (text.startsWith(preface)) return { kind: 'http2' };
    if (preface.startsWith(text)) return 'more';
  }
  return detectRequest(line);
}

/** A handshake record of SSL 3 or later (RFC 8446, 5.1), with a ClientHello in it. */
function detectTls(bytes: Buffer): Detected {
  if ((bytes[1] ?? 3) !== 3 || (bytes[2] ?? 0) > 4) return { kind: 'raw' };
  return bytes.length < 3 ? 'more' : { kind: 'tls' };
}

/** A method, one space and what can begin a target (RFC 9112, 3). */
function detectRequest(line: string): Detected {
  const method = token.exec(line)?.[0] ?? '';
  if (method.length > methodBytesMax) return { kind: 'raw' };
  if (method === line) return 'more';
  if (method === '' || line[method.length] !== ' ') return { kind: 'raw' };
  const target = line.slice(method.length + 1);
  if (target === '') return 'more';
  return detectTarget(method, target);
}

/**
 * Other protocols also begin with a word and a space (`EHLO example.org`, `SSH-2.0-x y`), so only
 * the known methods may have any target: a bad one is then refused in HTTP.
 */
function detectTarget(method: string, target: string): Detected {
  // The first line of a NATS client.
  if (method === 'CONNECT' && target.startsWith('{')) return { kind: 'raw' };
  if (/^[/*]/.test(target)) return { kind: 'http' };
  if (knownMethods.has(method)) return { kind: /^[\x21-\x7e]/.test(target) ? 'http' : 'raw' };
  const lower = target.toLowerCase();
  if (schemes.some((scheme) => lower.startsWith(scheme))) return { kind: 'http' };
  return schemes.some((scheme) => scheme.startsWith(lower)) ? 'more' : { kind: 'raw' };
}
