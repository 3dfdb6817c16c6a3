import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Ending, Part, Parts } from '../exchange/conversation.ts';
import type { Answer } from '../exchange/upstream.ts';
import type { Channel } from '../support/channel.ts';
import { cutText } from '../support/cut-text.ts';
import { endSoon, endWith } from './farewell.ts';
import { partsOf } from './relay.ts';

/** An answer in messages, and the client that is to hear them. */
export interface Framed {
  /** What the frames travel on: a connection, or one stream of it. */
  readonly socket: Duplex;
  readonly answer: Pick<Answer, 'body' | 'ending'>;
  /** Takes what the client says. */
  readonly sent: Channel<Part>;
  readonly startedAt: number;
  /** Says that the client has gone, and how. */
  readonly leave: (ending: Ending) => void;
  /** Takes over from the wire's own watch for the socket's closing. */
  readonly watchClose: () => void;
  /** Ends what the frames travel on with a reset. */
  readonly reset: () => void;
}

/** How long a client that broke the protocol has for reading why, in milliseconds. */
const lingerMs = 1000;
/** What a close frame can carry besides its code (RFC 6455, 5.5). */
const closeReasonBytesMax = 123;

/** Stands in for the server of a WebSocket: the answer's parts are messages, framed by the ws library. */
export async function serveMessages(socket: WebSocket | undefined, framed: Framed): Promise<void> {
  const { answer, sent } = framed;
  if (socket !== undefined) collect(socket, framed);
  else sent.end();
  await sendAll(socket, partsOf(answer.body));
  // Nobody waits for the client any more: a full channel would keep its close from being read.
  sent.end();
  const ending = await answer.ending;
  if (socket !== undefined) end(framed, socket, ending);
}

/** Sends messages until their end, or the client's; they are begun in any case, so that their source can end too. */
async function sendAll(socket: WebSocket | undefined, parts: Parts): Promise<void> {
  for await (const part of parts) {
    if (socket?.readyState !== socket?.OPEN || socket === undefined) break;
    await send(socket, part);
  }
}

/** Hands what the client says to the exchange's body, and its going to the exchange's signal. */
function collect(
  socket: WebSocket,
  { socket: bytes, sent, startedAt, leave, watchClose }: Framed,
): void {
  watchClose();
  const push = (kind: Part['kind'], said: Buffer): void => {
    const room = sent.push({ atMs: performance.now() - startedAt, kind, bytes: said });
    if (!socket.isPaused) {
      socket.pause();
      void room.then(() => socket.resume());
    }
  };
  socket.on('message', (data, isBinary) => push(isBinary ? 'binary' : 'text', wholeMessage(data)));
  socket.on('ping', (data) => push('ping', data));
  socket.on('pong', (data) => push('pong', data));
  // A client that breaks the protocol: ws tells it so by a close frame and a FIN. Whether it answers
  // or not, the session is over.
  socket.on('error', () => {
    leave({ type: 'cut', by: 'client' });
    sent.end();
    const timer = setTimeout(() => bytes.destroy(), lingerMs);
    bytes.once('close', () => clearTimeout(timer));
  });
  socket.on('close', (code, reason) => {
    if (code === 1006) leave({ type: 'cut', by: 'client' });
    else leave({ type: 'closed', by: 'client', code, reason: reason.toString() });
    sent.end();
  });
}

function wholeMessage(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

async function send(socket: WebSocket, part: Part): Promise<void> {
  await new Promise<void>((resolve) => {
    const sent = (): void => resolve();
    if (part.kind === 'ping') socket.ping(part.bytes, false, sent);
    else if (part.kind === 'pong') socket.pong(part.bytes, false, sent);
    else socket.send(part.bytes, { binary: part.kind === 'binary' }, sent);
  });
}

/** Ends the client's connection as the server ended its own; where the client did that, it has gone or waits. */
function end({ socket: bytes, reset }: Framed, socket: WebSocket, ending: Ending): void {
  if ('by' in ending && ending.by === 'client') return;
  if (ending.type === 'reset') return reset();
  if (ending.type !== 'closed') return endSoon(bytes);
  const reason = cutText(ending.reason, closeReasonBytesMax);
  // 1005 stands for a close frame without a code (RFC 6455, 7.1.5).
  if (ending.code === 1005) socket.close();
  else if (canTravel(ending.code)) socket.close(ending.code, reason);
  else endWith(bytes, closeFrame(ending.code, reason));
}

/** A close frame with a code that may not be in one, as the library would not send it and the server did. */
function closeFrame(code: number, reason: string): Buffer {
  const words = Buffer.from(reason);
  return Buffer.concat([Buffer.from([0x88, words.length + 2, code >> 8, code & 0xff]), words]);
}

/** Whether a close frame may have this code (RFC 6455, 7.4). */
function canTravel(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
}
