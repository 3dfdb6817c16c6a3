import type { IncomingMessage } from 'node:http';
import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Arrival } from '../exchange/arrival.ts';
import type { Ending, Part } from '../exchange/conversation.ts';
import type { ResponseHead } from '../exchange/http.ts';
import type { Answer } from '../exchange/upstream.ts';
import type { Channel } from '../support/channel.ts';
import { createChannel } from '../support/channel.ts';
import { endWith } from './farewell.ts';
import { liveExchange, requestBody } from './http-exchange.ts';
import { handshake } from './handshake.ts';
import { serveMessages } from './messages.ts';
import { goneBy, partsOf, pumpClient, pumpServer } from './relay.ts';
import { headBytes, respond } from './respond.ts';
import type { Target } from './target.ts';

/** A request to become a WebSocket, or something else, with the socket that Node's parser let go. */
export interface Upgrade {
  readonly arrival: Arrival;
  readonly target: Target;
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** Bytes that came behind the request's head. */
  readonly rest: Buffer;
  readonly missStatus: number;
}

/** An upgrade with what the wire holds of its exchange. */
export interface Opened extends Upgrade {
  readonly answer: Answer;
  readonly sent: Channel<Part>;
  readonly startedAt: number;
  readonly leave: (ending: Ending) => void;
  /** Takes over from the wire's own watch for the socket's closing. */
  readonly watchClose: () => void;
}

/**
 * Asks the session's upstream for a WebSocket, or another protocol, and serves it: bytes relayed raw,
 * or messages framed here.
 */
export async function serveWebSocket(upgrade: Upgrade): Promise<void> {
  const { arrival, request, socket, target } = upgrade;
  const startedAt = performance.now();
  const sent = createChannel<Part>();
  const isWebSocket = request.headers['sec-websocket-key'] !== undefined;
  const live = liveExchange({
    ...(isWebSocket
      ? { kind: 'websocket', body: sent }
      : { kind: 'http', body: requestBody(request, startedAt), upgraded: sent }),
    request,
    target,
    startedAt,
    inform: (head) => socket.write(headBytes(head)),
  });
  socket.on('error', (error) => live.leave(goneBy(error)));
  const gone = (): void => live.leave({ type: 'cut', by: 'client' });
  socket.once('close', gone);
  const answer = await arrival.session.upstream.open(live.exchange);
  const watchClose = (): void => {
    socket.off('close', gone);
  };
  const opened = { ...upgrade, answer, sent, startedAt, leave: live.leave, watchClose };
  if (answer.head?.status !== 101) return refuseUpgrade(opened, live.exchange);
  if (answer.framing === 'messages') {
    const framed = { ...opened, reset: arrival.reset };
    return serveMessages(await handshake(opened, answer.head), framed);
  }
  return relayRaw(opened, answer.head);
}

/** Answers an upgrade that is not granted like any other request, and ends the connection. */
async function refuseUpgrade(
  opened: Opened,
  exchange: Parameters<typeof respond>[0]['exchange'],
): Promise<void> {
  const response = new ServerResponse(opened.request);
  response.shouldKeepAlive = false;
  response.assignSocket(opened.socket as Socket);
  response.on('finish', () => endWith(opened.socket, Buffer.alloc(0)));
  await respond({
    response,
    exchange,
    answer: opened.answer,
    missStatus: opened.missStatus,
    reset: opened.arrival.reset,
  });
}

async function relayRaw(opened: Opened, head: ResponseHead): Promise<void> {
  const { socket, rest, answer, arrival } = opened;
  if (rest.length > 0) socket.unshift(rest);
  socket.write(headBytes(head));
  await Promise.all([
    pumpClient(opened),
    pumpServer(socket, { body: partsOf(answer.body), ending: answer.ending }, arrival.reset),
  ]);
}
