import type { Ending } from '../exchange/conversation.ts';

/** A destination that could not be reached; the ending says how the attempt ended. */
export class Unreachable extends Error {
  readonly ending: Ending;

  constructor(ending: Ending, cause: unknown) {
    super(`the destination could not be reached: ${ending.type}`, { cause });
    this.name = 'Unreachable';
    this.ending = ending;
  }
}

/** The ending of a connection that the server closed in order, but too early. */
export const cutByServer: Ending = { type: 'cut', by: 'server' };

/** The ending of a connection that the server broke, or on which it spoke nonsense. */
export const resetByServer: Ending = { type: 'reset', by: 'server' };

// An unreachable network or host counts as timed out, not as refused: nobody was there to refuse,
// and the remedy (look at routes and firewalls) is that of a silent host.
const silent: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
]);

const broken: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE']);

/** What ended a TCP connection attempt; nothing where this machine was at fault (out of files, of ports). */
export function endingOfDial(error: unknown): Ending | undefined {
  const attempts = fieldOf(error, 'errors');
  if (Array.isArray(attempts)) return endingOfAttempts(attempts);
  const code = codeOf(error);
  if (code === undefined) return undefined;
  if (syscallOf(error) === 'getaddrinfo') return { type: 'dns', code };
  if (code === 'ECONNREFUSED') return { type: 'refused' };
  if (silent.has(code)) return { type: 'timedOut' };
  return broken.has(code) ? resetByServer : undefined;
}

/** What ended a TLS handshake: a lost connection, or a `tls` ending with OpenSSL's or Node's code and words. */
export function endingOfHandshake(error: unknown): Ending {
  const code = codeOf(error) ?? 'ERR_TLS';
  // Node says ECONNRESET for a server that closed in order, too, but then names no system call.
  if (broken.has(code)) return syscallOf(error) === undefined ? cutByServer : resetByServer;
  if (silent.has(code)) return { type: 'timedOut' };
  return { type: 'tls', code, reason: reasonOf(error) };
}

/** Whether a server ended the handshake because it speaks none of the protocols offered (RFC 7301, 3.2). */
export function refusedProtocol(error: unknown): boolean {
  const code = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL';
  if (!(error instanceof Unreachable) || error.ending.type !== 'tls') return false;
  return error.ending.code === code;
}

/** What ended a connection that had been established. */
export function endingOfLoss(error: unknown): Ending {
  const code = codeOf(error) ?? '';
  if (silent.has(code)) return { type: 'timedOut' };
  // With TLS 1.3 a server refuses a client's certificate only after the handshake.
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    return { type: 'tls', code, reason: reasonOf(error) };
  }
  return resetByServer;
}

/** The system's, resolver's, Node's or OpenSSL's code of an error. */
export function codeOf(error: unknown): string | undefined {
  return textOf(error, 'code');
}

/** The message of an error. */
export function wordsOf(error: unknown): string {
  return (textOf(error, 'message') ?? String(error)).trim();
}

/** Several addresses of one name were tried: that somebody refused tells more than that others were silent. */
function endingOfAttempts(errors: readonly unknown[]): Ending | undefined {
  const endings = errors.map(endingOfDial).filter((ending) => ending !== undefined);
  return endings.find((ending) => ending.type === 'refused') ?? endings[0];
}

function syscallOf(error: unknown): string | undefined {
  return textOf(error, 'syscall');
}

/** OpenSSL's short reason where there is one: the message around it holds addresses in memory. */
function reasonOf(error: unknown): string {
  return textOf(error, 'reason') ?? wordsOf(error);
}

function textOf(error: unknown, name: string): string | undefined {
  const value = fieldOf(error, name);
  return typeof value === 'string' ? value : undefined;
}

/** Read without `instanceof`: errors of Node's own modules may come from another realm (vm contexts). */
function fieldOf(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}
