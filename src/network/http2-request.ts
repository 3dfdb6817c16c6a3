import type { ClientHttp2Stream } from 'node:http2';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { originOf, usualAuthority } from '../exchange/destination.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { Headers } from '../exchange/headers.ts';
import { endToEnd, headerValue } from '../exchange/headers.ts';
import { write } from '../support/write.ts';
import { wordsOf } from './endings.ts';
import type { Http2Connection } from './http2-connection.ts';

/** Fields that HTTP/2 has no place for: they say how a connection of HTTP/1 is used (RFC 9113, 8.2.2). */
const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Begins the request of an exchange on a promised stream, which is given back where that fails.
 * @throws Failure MALFORMED_HTTP where Node does not take the head.
 */
export function beginHttp2(exchange: HttpExchange, shared: Http2Connection): ClientHttp2Stream {
  const { head, body, kind, destination } = exchange;
  const inParts = body !== undefined && !Buffer.isBuffer(body);
  try {
    return shared.request(requestFields(exchange), {
      endStream: body === undefined && kind === 'http',
      waitForTrailers: inParts && kind === 'http',
    });
  } catch (cause) {
    shared.release();
    const words = `${head.method} ${originOf(destination)}: ${wordsOf(cause)}`;
    throw new Failure('MALFORMED_HTTP', words, { cause });
  }
}

/** Sends the body as it comes; false where the client left before it was whole. */
export async function sendHttp2Body(
  stream: ClientHttp2Stream,
  { body, signal, trailers }: HttpExchange,
): Promise<boolean> {
  if (body === undefined || Buffer.isBuffer(body)) {
    if (!stream.writableEnded) stream.end(body);
    return true;
  }
  stream.once('wantTrailers', () => sendTrailers(stream, trailers()));
  for await (const { bytes } of body) if (!(await write(stream, bytes))) return true;
  // A client that broke off ends its parts quietly; its signal may follow within this turn.
  await nextTurn();
  if (signal.aborted) return false;
  stream.end();
  return true;
}

function requestFields(exchange: HttpExchange): readonly string[] {
  const { head, destination, kind } = exchange;
  const headers = endToEnd(head.headers);
  const flat = kind === 'websocket' ? [':method', 'CONNECT'] : [':method', head.method];
  if (kind === 'websocket') flat.push(':protocol', 'websocket');
  flat.push(':scheme', destination.secure ? 'https' : 'http');
  const host = head.authority ?? headerValue(headers, 'host') ?? usualAuthority(destination);
  flat.push(':authority', host, ':path', head.path);
  const translated = !head.httpVersion.startsWith('2');
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (connectionFields.has(lower) || (lower === 'te' && value.trim() !== 'trailers')) continue;
    if (translated && lower === 'host') continue;
    flat.push(lower, value);
  }
  return flat;
}

function sendTrailers(stream: ClientHttp2Stream, trailers: Headers): void {
  const fields: Record<string, string[]> = {};
  for (const [name, value] of trailers) {
    const lower = name.toLowerCase();
    fields[lower] = [...(fields[lower] ?? []), value];
  }
  // The server may have reset the stream a moment ago.
  if (!stream.closed && !stream.destroyed) stream.sendTrailers(fields);
}
