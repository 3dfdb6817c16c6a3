import type { Socket } from 'node:net';
import type { RawData } from 'ws';
import { WebSocket } from 'ws';
import type { Body, Ending, Part, Parts } from '../../src/exchange/conversation.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Answer } from '../../src/exchange/upstream.ts';

/** Headers of a recorded handshake. */
export const recorded: Headers = [
  ['X-First', '1'],
  ['sec-websocket-accept', 'of another handshake'],
  ['Upgrade', 'websocket'],
  ['X-Last', '2'],
];

/** An answer in messages. */
export function messages(body: Body, ending: Answer['ending'], headers = recorded): Answer {
  const head = { status: 101, statusText: 'Switched', httpVersion: '1.1', headers };
  return { head, body, ending, framing: 'messages', outcome: 'replayed' };
}

export const done: Ending = { type: 'closed', by: 'server', code: 1000, reason: 'done' };

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString() : '(no buffer)';
}

/** A WebSocket and what it heard. */
export interface Listening {
  readonly socket: WebSocket;
  readonly heard: string[];
  /** The TCP connection below. */
  readonly tcp: () => Socket | undefined;
}

/** Opens a WebSocket with everything heard noted down as text. */
export function listen(
  port: number,
  options: {
    readonly protocols?: string[];
    readonly deflate?: boolean | { readonly serverNoContextTakeover: true };
  } = {},
): Listening {
  const { protocols = [], deflate = false } = options;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, protocols, {
    perMessageDeflate: deflate,
  });
  const heard: string[] = [];
  socket.on('message', (data, binary) =>
    heard.push(`${binary ? 'binary' : 'text'} ${textOf(data)}`),
  );
  socket.on('ping', (data) => heard.push(`ping ${String(data)}`));
  socket.on('pong', (data) => heard.push(`pong ${String(data)}`));
  socket.on('close', (code, reason) => heard.push(`close ${code} ${String(reason)}`));
  socket.on('error', () => {});
  let tcp: Socket | undefined;
  socket.on('upgrade', (response) => {
    tcp = response.socket;
  });
  return { socket, heard, tcp: () => tcp };
}

/** What the client says, its pings and pongs as texts. */
export async function* said(body: Body, note: (part: Part) => void): Parts {
  if (body === undefined || Buffer.isBuffer(body)) return;
  for await (const one of body) {
    note(one);
    yield { ...one, kind: one.kind === 'ping' || one.kind === 'pong' ? 'text' : one.kind };
  }
}
