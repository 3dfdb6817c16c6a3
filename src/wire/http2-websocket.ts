import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Arrival } from '../exchange/arrival.ts';
import type { Part } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { ResponseHead } from '../exchange/http.ts';
import type { Answer } from '../exchange/upstream.ts';
import { createChannel } from '../support/channel.ts';
import { write } from '../support/write.ts';
import { endStream } from './http2-end.ts';
import type { Http2Request } from './http2-exchange.ts';
import { http2Exchange } from './http2-exchange.ts';
import { asHttp1Socket } from './http2-facade.ts';
import type { Http2Responding } from './http2-respond.ts';
import { beginHttp2, endLike, http2Informer, respondHttp2 } from './http2-respond.ts';
import { handshake } from './handshake.ts';
import { serveMessages } from './messages.ts';
import { partsOf, pumpClient } from './relay.ts';
import type { Target } from './target.ts';

/** A CONNECT that asks for a WebSocket (RFC 8441). */
export interface Http2Upgrade {
  readonly arrival: Arrival;
  readonly request: Http2Request;
  readonly target: Target;
  /** Status of a replay miss. */
  readonly missStatus: number;
}

/** Asks the session's upstream for a WebSocket and serves it on the stream: bytes relayed raw, or messages framed here. */
export async function serveHttp2WebSocket(upgrade: Http2Upgrade): Promise<void> {
  const { arrival, request, target, missStatus } = upgrade;
  const { stream, startedAt } = request;
  const sent = createChannel<Part>();
  const inform = http2Informer(stream);
  const live = http2Exchange(request, { kind: 'websocket', target, body: sent, inform });
  const { exchange, leave } = live;
  const answer = await arrival.session.upstream.open(exchange);
  const responding = { stream, exchange, answer, missStatus };
  const { head } = answer;
  if (head?.status !== 101) return respondHttp2({ ...responding, answer: refused(answer) });
  if (answer.framing !== 'messages') {
    const relayed = relay(responding, head);
    const pumped = pumpClient({ socket: stream, startedAt, sent, leave });
    await Promise.all([relayed, pumped]);
    return;
  }
  const reset = (): void => endStream(stream);
  const socket = asHttp1Socket(stream, (fresh) => grant(responding, fresh));
  const shaken = { request: asHttp1Request(exchange), socket, rest: Buffer.alloc(0) };
  const framed = { socket, answer, sent, startedAt, leave, watchClose: () => {}, reset };
  await serveMessages(await handshake(shaken, head), framed);
}

/** A status of 2xx grants a WebSocket here, where over HTTP/1 it does not. */
function refused(answer: Answer): Answer {
  const { head } = answer;
  if (head === undefined || head.status < 200 || head.status > 299) return answer;
  const words = `the server answered ${head.status} to a WebSocket, which HTTP/2 takes for granting it`;
  return { ...answer, failure: new Failure('HTTP2_UNFIT', words) };
}

/** Says that the client may speak: 200, which is the 101 of HTTP/2. */
function grant(responding: Http2Responding, head: ResponseHead): boolean {
  const headers = head.headers.filter(([name]) => name.toLowerCase() !== 'sec-websocket-accept');
  return beginHttp2(responding, { ...head, status: 200, headers }, { waitForTrailers: true });
}

async function relay(responding: Http2Responding, head: ResponseHead): Promise<void> {
  const { stream, answer } = responding;
  if (grant(responding, head)) {
    for await (const part of partsOf(answer.body)) {
      if (!(await write(stream, part.bytes))) break;
    }
  }
  const ending = await answer.ending;
  if (ending.type === 'reset' || ending.type === 'goaway') endLike(responding, ending);
  else if (!stream.writableEnded) stream.end();
}

/** The handshake as a library of HTTP/1 expects it; its key is nobody's, and its answer goes nowhere. */
function asHttp1Request({ head }: HttpExchange): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  request.url = head.path;
  for (const [name, value] of head.headers) request.headers[name] = value;
  Object.assign(request.headers, { upgrade: 'websocket', connection: 'Upgrade' });
  request.headers['sec-websocket-key'] = Buffer.alloc(16).toString('base64');
  return request;
}
