import { randomBytes } from 'node:crypto';
import type { ClientRequest } from 'node:http';
import { request as startRequest } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Parts } from '../exchange/conversation.ts';
import { originOf, usualAuthority } from '../exchange/destination.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { Headers } from '../exchange/headers.ts';
import {
  endToEnd,
  flatHeaders,
  headerTokens,
  headerValue,
  headerValues,
} from '../exchange/headers.ts';
import { announcedLength, isChunked } from '../exchange/http.ts';
import { write } from '../support/write.ts';
import type { Connection } from './connection.ts';
import { wordsOf } from './endings.ts';
import { authorization } from './proxy.ts';
import type { UpstreamProxy } from './proxy.ts';

/** The largest head of an answer, in bytes. */
const headBytesMax = 262_144;

/** Methods that may be sent twice (RFC 9110, 9.2.2). */
export const idempotent: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
]);

/**
 * Begins the request of an exchange on a connection, its head exactly as the client sent it.
 * @throws Failure MALFORMED_HTTP where Node does not take the head.
 */
export function beginRequest(
  exchange: HttpExchange,
  connection: Connection,
  proxy?: UpstreamProxy,
): ClientRequest {
  const { head, destination } = exchange;
  const headers = flatHeaders(headersOf(exchange));
  if (connection.absolute && proxy !== undefined) headers.push(...authorization(proxy));
  try {
    const request = startRequest({
      method: head.method,
      path: connection.absolute ? `${originOf(destination)}${pathInUrl(head.path)}` : head.path,
      headers,
      // With these two Node adds nothing: no Host, no Connection, no Content-Length.
      setDefaultHeaders: false,
      setHost: false,
      insecureHTTPParser: false,
      maxHeaderSize: headBytesMax,
      createConnection: () => connection.socket,
    });
    // Without an agent Node would close the connection after the answer.
    request.shouldKeepAlive = true;
    // Otherwise Node drops the headers after the thousandth.
    request.maxHeadersCount = 0;
    return request;
  } catch (cause) {
    throw new Failure(
      'MALFORMED_HTTP',
      `${head.method} ${originOf(destination)}: ${wordsOf(cause)}`,
      {
        cause,
      },
    );
  }
}

/**
 * Sends the body as it comes. Resolves true when the request is whole; false when the client left
 * before, in which case the server must not take what it has for the whole.
 */
export async function sendBody(request: ClientRequest, exchange: HttpExchange): Promise<boolean> {
  const { body, head } = exchange;
  const chunked = isChunked(headersOf(exchange));
  // Without a length of its own and without chunks a request has no body (RFC 9112, 6.3): bytes
  // after it would be the next request on this connection (request smuggling).
  const length = chunked ? undefined : (announcedLength(head.headers) ?? 0);
  if (body === undefined || Buffer.isBuffer(body)) {
    const sent = body?.length ?? 0;
    if (length !== undefined && sent !== length) return false;
    finish(request, exchange, body);
    return true;
  }
  if (length === 0) {
    request.end();
    return true;
  }
  return sendParts(request, exchange, { body, length });
}

/** Whether a request is framed by what the exchange holds in memory, so that it can be sent twice. */
export function canResend({ body }: HttpExchange): boolean {
  return body === undefined || Buffer.isBuffer(body);
}

async function sendParts(
  request: ClientRequest,
  exchange: HttpExchange,
  { body, length }: { readonly body: Parts; readonly length: number | undefined },
): Promise<boolean> {
  // The head must not wait for the body: after `Expect: 100-continue` the client waits for the
  // server's word, and a client that tires of waiting begins by itself, as it would directly.
  request.flushHeaders();
  let sent = 0;
  for await (const { bytes } of body) {
    sent += bytes.length;
    if (length !== undefined && sent > length) return false;
    if (!(await write(request, bytes))) return true;
  }
  // A client that broke off ends its parts quietly; its signal may follow within this turn.
  await nextTurn();
  if (exchange.signal.aborted || (length !== undefined && sent < length)) return false;
  finish(request, exchange);
  return true;
}

function finish(request: ClientRequest, exchange: HttpExchange, body?: Buffer): void {
  if (request.destroyed) return;
  const trailers = exchange.trailers();
  if (trailers.length > 0) {
    request.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
  }
  if (body === undefined) request.end();
  else request.end(body);
}

/**
 * The headers to send. Added are only those without which HTTP/1.1 could not carry the request:
 * `Connection` for an upgrade, and for what came in another version its host and its framing.
 */
function headersOf(exchange: HttpExchange): Headers {
  const { head, kind } = exchange;
  if (head.httpVersion.startsWith('2')) return fromHttp2(exchange);
  const upgrades = kind === 'websocket' || exchange.upgraded !== undefined;
  const headers = upgrades ? withUpgrade(head.headers) : endToEnd(head.headers);
  if (head.httpVersion === '1.1') return headers;
  return [...hostFor(exchange, headers), ...headers];
}

/** The headers of a request that came over HTTP/2 (RFC 9113, 8.2.3 and 8.3.1; RFC 8441, 5). */
function fromHttp2(exchange: HttpExchange): Headers {
  const { head, kind, body } = exchange;
  const headers = endToEnd(head.headers);
  const host = hostFor(exchange, headers);
  const upgrade: Headers = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Key', randomBytes(16).toString('base64')],
  ];
  if (kind === 'websocket') return [...host, ...upgrade, ...withOneCookie(headers)];
  const framed = isChunked(headers) || announcedLength(headers) !== undefined;
  const chunked: Headers = framed || body === undefined ? [] : [['Transfer-Encoding', 'chunked']];
  return [...host, ...chunked, ...withOneCookie(headers)];
}

function hostFor({ head, destination }: HttpExchange, headers: Headers): Headers {
  if (headerValue(headers, 'host') !== undefined) return [];
  return [['Host', head.authority ?? usualAuthority(destination)]];
}

/** HTTP/2 may cut `Cookie` into pieces, of which many servers of HTTP/1 read only one. */
function withOneCookie(headers: Headers): Headers {
  const pieces = headerValues(headers, 'cookie');
  if (pieces.length < 2) return headers;
  const first = headers.findIndex(([name]) => name.toLowerCase() === 'cookie');
  return headers.flatMap((pair, at) => {
    if (at === first) return [[pair[0], pieces.join('; ')] as const];
    return pair[0].toLowerCase() === 'cookie' ? [] : [pair];
  });
}

/** The upgrade's own `Connection` at its place; the wire may have taken it out as hop-by-hop. */
function withUpgrade(headers: Headers): Headers {
  const kept = new Set(endToEnd(headers));
  const named = headerTokens(headers, 'connection').includes('upgrade');
  return headers.flatMap((pair) => {
    const name = pair[0].toLowerCase();
    if (name === 'connection') return named ? [pair] : [];
    if (!kept.has(pair)) return [];
    return name === 'upgrade' && !named ? [['Connection', 'Upgrade'] as const, pair] : [pair];
  });
}

/** `OPTIONS *` for a proxy is the bare authority (RFC 9112, 3.2.4). */
function pathInUrl(path: string): string {
  return path === '*' ? '' : path;
}
