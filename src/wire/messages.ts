import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import type { Ending, Part } from '../exchange/conversation.ts';
import { headerTokens, headerValue } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import type { Opened } from './websocket.ts';
import { partsOf } from './relay.ts';

const messageBytesMax = 128 * 1024 * 1024;

/** Stands in for the server of a WebSocket: the answer's parts are messages, framed by the ws library. */
export async function serveMessages(opened: Opened, head: ResponseHead): Promise<void> {
  const socket = await handshake(opened, head);
  if (socket === undefined) return;
  collect(socket, opened);
  for await (const part of partsOf(opened.answer.body)) {
    if (socket.readyState !== socket.OPEN) break;
    await send(socket, part);
  }
  end(socket, await opened.answer.ending, opened.arrival.reset);
}

/** Completes the handshake with the recorded head: its headers, subprotocol and compression, but a fresh accept key. */
async function handshake(opened: Opened, head: ResponseHead): Promise<WebSocket | undefined> {
  const protocol = headerValue(head.headers, 'sec-websocket-protocol');
  const compressed = headerTokens(head.headers, 'sec-websocket-extensions').some((token) =>
    token.startsWith('permessage-deflate'),
  );
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: messageBytesMax,
    perMessageDeflate: compressed ? { threshold: 0 } : false,
    handleProtocols: () => protocol ?? false,
  });
  server.on('headers', (lines: string[]) => {
    lines.splice(0, lines.length, ...handshakeLines(lines, head));
  });
  return new Promise((resolve) => {
    opened.socket.once('close', () => resolve(undefined));
    server.handleUpgrade(opened.request, opened.socket as Socket, opened.rest, resolve);
  });
}

/** The recorded header lines in their order; those that belong to this one handshake come from the library. */
function handshakeLines(fresh: readonly string[], head: ResponseHead): string[] {
  const ours = new Map(fresh.slice(1).map((line) => [line.split(':', 1)[0]?.toLowerCase(), line]));
  const lines = [`HTTP/1.1 101 ${head.statusText}`];
  for (const [name, value] of head.headers) {
    const lower = name.toLowerCase();
    const live = ours.get(lower);
    const own = ['sec-websocket-accept', 'sec-websocket-extensions'].includes(lower);
    if (!own) lines.push(`${name}: ${value}`);
    else if (live !== undefined) lines.push(`${name}${live.slice(name.length)}`);
    ours.delete(lower);
  }
  return [...lines, ...ours.values()];
}

/** Hands what the client says to the exchange's body, and its going to the exchange's signal. */
function collect(socket: WebSocket, { sent, startedAt, leave }: Opened): void {
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

function end(socket: WebSocket, ending: Ending, reset: () => void): void {
  if (ending.type === 'closed' && ending.by === 'server') {
    // 1005 and 1006 stand for "no code" and never travel (RFC 6455, 7.4.1).
    if (ending.code === 1005) socket.close();
    else socket.close(ending.code, ending.reason);
  } else if (ending.type === 'reset' && ending.by === 'server') {
    reset();
  } else if (!('by' in ending) || ending.by === 'server') {
    socket.terminate();
  }
}
