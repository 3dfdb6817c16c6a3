import type { Headers } from './headers.ts';
import { headerTokens, headerValue } from './headers.ts';

/** The head of an HTTP request, as the client sent it but for hop-by-hop headers. */
export interface RequestHead {
  readonly method: string;
  /** Path and query, never a whole URL: `/a?b=c`, or `*` for OPTIONS. */
  readonly path: string;
  /** Without the pseudo-headers of HTTP/2. */
  readonly headers: Headers;
  /** `1.0`, `1.1`, `2.0`. */
  readonly httpVersion: string;
  /** `:authority` as an HTTP/2 client sent it; never recorded, for the destination says as much. */
  readonly authority?: string;
}

/** The head of an HTTP response, interim (1xx) or final. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly httpVersion: string;
}

/** What stands in the place of an HTTP version in the answers of old radio servers. */
export const icyVersion = 'ICY';

/** Whether a response to this method with this status can have a body (RFC 9112, 6.3). */
export function mayHaveBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304;
}

/** The body length that the headers announce in bytes; nothing where the body is chunked or ends with its connection. */
export function announcedLength(headers: Headers): number | undefined {
  if (isChunked(headers)) return undefined;
  const value = headerValue(headers, 'content-length');
  return value !== undefined && /^\d+$/.test(value.trim()) ? Number(value) : undefined;
}

/** Whether the last transfer coding is chunked. */
export function isChunked(headers: Headers): boolean {
  return headerTokens(headers, 'transfer-encoding').at(-1) === 'chunked';
}

/** Whether a request asks to become a WebSocket (RFC 6455, 4.1). */
export function asksForWebSocket(head: RequestHead): boolean {
  return (
    head.method === 'GET' &&
    headerTokens(head.headers, 'upgrade').includes('websocket') &&
    headerValue(head.headers, 'sec-websocket-key') !== undefined
  );
}

/**
 * Whether a request asks to become something else that HTTP/1 gives way to (RFC 9110, 7.8), whose
 * bytes are passed on as they are after the 101. Not h2c: it would be HTTP that nobody reads, and
 * its clients go on in HTTP/1 where they are not answered with 101.
 */
export function asksForUpgrade({ headers, httpVersion }: RequestHead): boolean {
  const protocols = headerTokens(headers, 'upgrade');
  if (httpVersion !== '1.1' || protocols.length === 0) return false;
  if (protocols.includes('h2c') || protocols.includes('websocket')) return false;
  return headerTokens(headers, 'connection').includes('upgrade');
}
