import type { RawData, WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import type { Ending, Part, Parts } from '../exchange/conversation.ts';
import { headerValue } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import { cutText } from '../support/cut-text.ts';
import { endSoon } from './farewell.ts';
import { partsOf } from './relay.ts';
import { compressionOf } from './compression.ts';
import type { Opened } from './websocket.ts';

const messageBytesMax = 128 * 1024 * 1024;

/** Stands in for the server of a WebSocket: the answer's parts are messages, framed by the ws library. */
export async function serveMessages(opened: Opened, head: ResponseHead): Promise<void> {
  const { answer, sent } = opened;
  const socket = await handshake(opened, head);
  if (socket !== undefined) collect(socket, opened);
  else sent.end();
  await sendAll(socket, partsOf(answer.body));
  // Nobody waits for the client any more: a full channel would keep its close from being read.
  sent.end();
  const ending = await answer.ending;
  if (socket !== undefined) end(opened, socket, ending);
}

/** Sends messages until their end, or the client's; they are begun in any case, so that their source can end too. */
async function sendAll(socket: WebSocket | undefined, parts: Parts): Promise<void> {
  for await (const part of parts) {
    if (socket?.readyState !== socket?.OPEN || socket === undefined) break;
    await send(socket, part);
  }
}

/** Completes the handshake with the recorded head: its headers, subprotocol and compression, but a fresh accept key. */
async function handshake(opened: Opened, head: ResponseHead): Promise<WebSocket | undefined> {
  const protocol = headerValue(head.headers, 'sec-websocket-protocol');
  const offer = opened.request.headers['sec-websocket-extensions'];
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: messageBytesMax,
    perMessageDeflate: compressionOf(head.headers, offer),
    // A client fails on a subprotocol that it did not ask for.
    handleProtocols: (offered) =>
      protocol !== undefined && offered.has(protocol) ? protocol : false,
  });
  server.on('headers', (lines: string[]) => {
    lines.splice(0, lines.length, ...handshakeLines(lines, head));
  });
  const { socket, request, rest } = opened;
  if (socket.destroyed) return undefined;
  return new Promise((resolve) => {
    socket.once('close', () => resolve(undefined));
    server.handleUpgrade(request, socket, rest, resolve);
  });
}

const perHandshake: ReadonlySet<string> = new Set([
  'sec-websocket-accept',
  'sec-websocket-extensions',
  'sec-websocket-protocol',
]);

/** The recorded header lines in their order; those that belong to this one handshake come from the library. */
function handshakeLines(fresh: readonly string[], head: ResponseHead): string[] {
  const ours = new Map(fresh.slice(1).map((line) => [line.split(':', 1)[0]?.toLowerCase(), line]));
  const lines = [`HTTP/1.1 101 ${head.statusText}`];
  for (const [name, value] of head.headers) {
    const lower = name.toLowerCase();
    const live = ours.get(lower);
    if (!perHandshake.has(lower)) lines.push(`${name}: ${value}`);
    else if (live !== undefined) lines.push(`${name}${live.slice(name.length)}`);
    ours.delete(lower);
  }
  return [...lines, ...ours.values()];
}

/** Hands what the client says to the exchange's body, and its going to the exchange's signal. */
function collect(socket: WebSocket, { sent, startedAt, leave, watchClose }: Opened): void {
  watchClose();
  const push = (kind: Part['kind'], bytes: Buffer): void => {
    const room = sent.push({ atMs: performance.now() - startedAt, kind, bytes });
    if (!socket.isPaused) {
      socket.pause();
      room.then(() => socket.resume(), leaveQuietly);
    }
  };
  socket.on('message', (data, isBinary) => push(isBinary ? 'binary' : 'text', wholeMessage(data)));
  socket.on('ping', (data) => push('ping', data));
  socket.on('pong', (data) => push('pong', data));
  socket.on('error', leaveQuietly);
  socket.on('close', (code, reason) => {
    if (code === 1006) leave({ type: 'cut', by: 'client' });
    else leave({ type: 'closed', by: 'client', code, reason: reason.toString() });
    sent.end();
  });
}

/** A protocol error of the client (a bad opcode, say): ws closes with its code, and `close` follows. */
function leaveQuietly(): void {}

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
function end({ arrival, socket: bytes }: Opened, socket: WebSocket, ending: Ending): void {
  if ('by' in ending && ending.by === 'client') return;
  if (ending.type === 'reset') return arrival.reset();
  if (ending.type !== 'closed' || !(ending.code === 1005 || canTravel(ending.code))) {
    return endSoon(bytes);
  }
  // 1005 stands for a close frame without a code (RFC 6455, 7.1.5).
  if (ending.code === 1005) socket.close();
  else socket.close(ending.code, cutText(ending.reason, 123));
}

/** Whether a close frame may have this code (RFC 6455, 7.4). */
function canTravel(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
}
