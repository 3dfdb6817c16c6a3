import type { ClientRequest, IncomingMessage } from 'node:http';
import { clientEnding } from '../exchange/client-left.ts';
import type { Ending } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { headersFromFlat, headerValue } from '../exchange/headers.ts';
import type { Answer } from '../exchange/upstream.ts';
import { answerOf, headOf, interimMax } from './answer.ts';
import type { Connection } from './connection.ts';
import { resetByServer } from './endings.ts';
import { asksForIcy, understandIcy } from './icy.ts';
import type { UpstreamProxy } from './proxy.ts';
import { refusal } from './proxy.ts';
import { relay } from './raw.ts';
import type { Reach } from './reach.ts';
import { beginRequest, canResend, idempotent, sendBody } from './request.ts';

/** What HTTP needs of the network. */
export interface HttpParts {
  readonly reach: Reach;
  readonly proxy?: UpstreamProxy | undefined;
}

/**
 * Sends an HTTP request, or the handshake of a WebSocket, and hands on the answer as it comes.
 * @throws Unreachable, Failure as `Reach` does; Failure MALFORMED_HTTP.
 */
export async function openHttp(exchange: HttpExchange, parts: HttpParts): Promise<Answer> {
  const { destination, signal, kind } = exchange;
  // Through a proxy an upgrade needs a tunnel: the proxy itself would have to switch, too.
  const want = { signal, absolute: kind === 'http' && exchange.upgraded === undefined };
  const connection = await parts.reach.forHttp(destination, want);
  const answer = await converse(exchange, connection, parts);
  if (answer !== 'stale') return answer;
  // The server closed an idle connection while the request was under way to it: it has not seen it.
  const fresh = await parts.reach.forHttp(destination, { ...want, fresh: true });
  const second = await converse(exchange, fresh, parts);
  return second === 'stale' ? lostAnswer(resetByServer) : second;
}

/** One request on one connection. `stale`: the pool's connection was dead, and another may be tried. */
async function converse(
  exchange: HttpExchange,
  connection: Connection,
  parts: HttpParts,
): Promise<Answer | 'stale'> {
  const { signal, head } = exchange;
  const bytesBefore = connection.socket.bytesRead;
  connection.used = true;
  if (signal.aborted) {
    connection.abandon(clientEnding(signal));
    return lostAnswer(clientEnding(signal));
  }
  const seen: Seen = { upgraded: false, icy: false };
  if (asksForIcy(head.headers)) understandIcy(connection.socket, () => (seen.icy = true));
  const request = begin(exchange, connection, parts);
  const abandon = (): void => connection.abandon(clientEnding(signal));
  signal.addEventListener('abort', abandon);
  request.once('close', () => {
    connection.onBroken = () => {};
    signal.removeEventListener('abort', abandon);
    if (!seen.upgraded && reusable(request, seen.message))
      parts.reach.keep(exchange.destination, connection);
  });
  const replied = reply({ exchange, connection, request, seen });
  void send(request, { exchange, connection });
  const lost = await replied;
  if (typeof lost === 'function') return lost(parts.proxy);
  const untouched = connection.socket.bytesRead === bytesBefore;
  const again = connection.pooled && untouched && idempotent.has(head.method);
  const byServer = 'by' in lost && lost.by === 'server';
  return again && byServer && canResend(exchange) ? 'stale' : lostAnswer(lost);
}

function begin(
  exchange: HttpExchange,
  connection: Connection,
  { proxy }: HttpParts,
): ClientRequest {
  try {
    return beginRequest(exchange, connection, proxy);
  } catch (error) {
    connection.socket.destroy();
    throw error;
  }
}

/** What has come of a request so far. */
interface Seen {
  message?: IncomingMessage;
  upgraded: boolean;
  icy: boolean;
}

interface Conversing {
  readonly exchange: HttpExchange;
  readonly connection: Connection;
  readonly request: ClientRequest;
  readonly seen: Seen;
}

/** The final head's answer, to be made in the next turn; or how the connection was lost before it. */
function reply(conversing: Conversing): Promise<Ending | ((proxy?: UpstreamProxy) => Answer)> {
  const { exchange, connection, request, seen } = conversing;
  const { signal } = exchange;
  return new Promise((resolve) => {
    let interim = 0;
    request.on('information', (message) => {
      interim += 1;
      if (interim > interimMax) connection.abandon(resetByServer);
      else exchange.inform(headOf(message));
    });
    request.on('response', (message) => {
      seen.message = message;
      const make = answerOf({ exchange, connection, request, message, icy: seen.icy });
      resolve((proxy) => proxyRefusal(conversing, proxy) ?? make());
    });
    request.on('upgrade', (message, socket, rest: Buffer) => {
      if (exchange.kind !== 'websocket' && exchange.upgraded === undefined) {
        // It was not asked to: such a server does not speak HTTP as we know it.
        connection.abandon(resetByServer);
        return resolve(resetByServer);
      }
      seen.upgraded = true;
      if (rest.length > 0) socket.unshift(rest);
      const { startedAt, body, upgraded = body } = exchange;
      const relayed = relay({ signal, startedAt, body: upgraded }, connection);
      resolve(() => ({ ...relayed, head: headOf(message) }));
    });
    request.on('error', () => {
      resolve(signal.aborted ? clientEnding(signal) : (connection.lost ?? resetByServer));
    });
    request.on('close', () => {
      resolve(signal.aborted ? clientEnding(signal) : (connection.lost ?? resetByServer));
    });
  });
}

/** Sends the body; a client that leaves amid it takes the connection with it. */
async function send(
  request: ClientRequest,
  { exchange, connection }: Pick<Conversing, 'exchange' | 'connection'>,
): Promise<void> {
  const whole = await sendBody(request, exchange).catch(() => false);
  if (!whole) connection.abandon(clientEnding(exchange.signal));
}

/** Whether the connection can carry the next exchange: both messages came whole, and nobody wants to close. */
function reusable(request: ClientRequest, message: IncomingMessage | undefined): boolean {
  return message?.complete === true && request.writableFinished && request.shouldKeepAlive;
}

/** A 407 to a whole URL is the proxy's own word, which the client could do nothing with. */
function proxyRefusal(
  { connection, seen }: Conversing,
  proxy: UpstreamProxy | undefined,
): Answer | undefined {
  if (!connection.absolute || proxy === undefined || seen.message?.statusCode !== 407) return;
  const challenge = headerValue(headersFromFlat(seen.message.rawHeaders), 'proxy-authenticate');
  connection.socket.destroy();
  const failure = refusal(proxy, `answered 407, asking for ${challenge ?? 'credentials'}`);
  return { body: undefined, ending: { type: 'refused' }, outcome: 'failed', failure };
}

function lostAnswer(ending: Ending): Answer {
  return { body: undefined, ending, outcome: 'forwarded' };
}
