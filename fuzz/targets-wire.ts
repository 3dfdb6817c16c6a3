import { duplexPair } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arrival } from '../src/exchange/arrival.ts';
import { finished } from '../src/exchange/conversation.ts';
import type { Exchange } from '../src/exchange/exchange.ts';
import type { Answer } from '../src/exchange/upstream.ts';
import { FrameTap } from '../src/record/websocket-tap.ts';
import { createWire } from '../src/wire/wire.ts';
import type { Target } from './fuzz.ts';
import { frameSeeds } from './frames.ts';
import { http2Seeds, http2Words } from './http2-frames.ts';
import { requestSeeds } from './seeds.ts';

const text = (words: readonly string[]): Buffer[] =>
  words.map((word) => Buffer.from(word, 'latin1'));

/** A client that has said its bytes and its end is done with within this time. */
const goneWithinMs = 500;

/** Answers whatever is asked, and reads what it is told. */
async function echo(exchange: Exchange): Promise<Answer> {
  const { body } = exchange;
  let bytes = 0;
  if (body !== undefined && !Buffer.isBuffer(body))
    for await (const part of body) bytes += part.bytes.length;
  const said = Buffer.from(String(bytes));
  const head = {
    status: 200,
    statusText: 'OK',
    headers: [['Content-Length', String(said.length)]],
    httpVersion: '1.1',
  } as const;
  return { head, body: said, ending: finished, outcome: 'forwarded' };
}

const bugs: ReadonlySet<string> = new Set([
  'TypeError',
  'ReferenceError',
  'RangeError',
  'AssertionError',
]);

/** HTTP/1 as the wire parses it: any bytes of a client leave the process and its other clients in order. */
export const http1: Target = {
  name: 'http1',
  seeds: requestSeeds,
  words: text([
    '\r\n',
    ': ',
    'Content-Length: ',
    'Transfer-Encoding: chunked',
    'Host: a\r\n',
    '\r\n\r\n',
    '0\r\n',
    'HTTP/1.1',
    ' ',
  ]),
  run: (bytes) => served(bytes, 'http'),
};

/** HTTP/2 on a connection whose preface was seen. */
export const http2: Target = {
  name: 'http2',
  seeds: http2Seeds,
  words: http2Words,
  run: (bytes) => served(bytes, 'http2'),
};

async function served(bytes: Buffer, protocol: 'http' | 'http2'): Promise<void> {
  let bug: Error | undefined;
  const wire = createWire({
    missStatus: 502,
    onConnect: ({ refuse, arrival }) => {
      void refuse;
      arrival.socket.destroy();
    },
    own: () => undefined,
    isOwn: () => false,
    onFailure: () => {},
    onLost: (_where, error) => {
      if (error instanceof Error && bugs.has(error.name)) bug = error;
    },
  });
  const [ours, theirs] = duplexPair();
  let closed = false;
  ours.once('close', () => {
    closed = true;
  });
  const arrival: Arrival = {
    socket: ours,
    client: { address: '127.0.0.1', port: 1 },
    session: {
      name: 'default',
      upstream: { offer: async () => ({ type: 'unknown' }), open: echo },
    },
    depth: 0,
    reset: () => ours.destroy(),
  };
  theirs.on('error', () => {}).resume();
  ours.on('error', () => {});
  wire[protocol](arrival);
  const half = bytes.length >> 1;
  theirs.write(bytes.subarray(0, half));
  theirs.end(bytes.subarray(half));
  const until = performance.now() + goneWithinMs;
  while (!closed && performance.now() < until) await sleep(1);
  theirs.destroy();
  ours.destroy();
  if (bug !== undefined) throw bug;
}

/** Frames of WebSockets as the tap of a recording reads them: any split gives the same messages. */
export const websocket: Target = {
  name: 'websocket',
  seeds: frameSeeds,
  words: text([
    '\x81\x05hello',
    '\x89\x00',
    '\x88\x02\x03\xe8',
    '\x01',
    '\x80',
    '\xc1',
    '\x7e\xff\xff',
    '\x7f',
  ]),
  async run(bytes) {
    const whole = await tapped([bytes]);
    const half = bytes.length >> 1;
    const split = await tapped([bytes.subarray(0, half), bytes.subarray(half)]);
    if (whole !== split) throw new Error(`${whole} in one piece, ${split} in two`);
  },
};

async function tapped(pieces: readonly Buffer[]): Promise<string> {
  const told: unknown[] = [];
  const tap = new FrameTap('client', {
    accepted: [['Sec-WebSocket-Extensions', 'permessage-deflate']],
    roomFor: () => 100_000,
    onMessage: ({ kind, bytes }) => {
      told.push(kind, bytes.toString('hex'));
      return undefined;
    },
    onClose: (_from, close) => void told.push(close),
    onLost: (why) => void told.push(why),
  });
  for (const bytes of pieces) await tap.take({ atMs: 0, kind: 'data', bytes });
  return JSON.stringify(told);
}
