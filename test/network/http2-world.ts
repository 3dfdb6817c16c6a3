import type {
  Http2Server,
  ServerHttp2Stream,
  ServerOptions,
  IncomingHttpHeaders,
} from 'node:http2';
import { createServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { Ending } from '../../src/exchange/conversation.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import type { Network } from '../../src/network/network.ts';
import type { Listening } from './world.ts';
import { textOf, withNetwork, withServer } from './world.ts';

/** What an HTTP/2 server of Node's does with a stream; `raw` are its fields as they came. */
export type Serve = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  raw: readonly string[],
) => void;

/** A server of Node's that speaks HTTP/2 without TLS. */
export function http2Server(serve: Serve, options: ServerOptions = {}): Http2Server {
  const server = createServer(options);
  server.on('stream', (stream, headers, ...[, raw]) => {
    stream.on('error', () => {});
    serve(stream as ServerHttp2Stream, headers, raw);
  });
  server.on('session', (session) => session.on('error', () => {}));
  return server;
}

/** Runs a server that speaks HTTP/2 and a network beside each other. */
export async function withHttp2(
  serve: Serve,
  body: (network: Network, listening: Listening) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  await withServer(http2Server(serve, options), (listening) =>
    withNetwork({}, (network) => body(network, listening)),
  );
}

/** A frame of HTTP/2 (RFC 9113, 4.1). */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** The types of frames that tests speak of. */
export const frames = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  push: 5,
  goaway: 7,
  windowUpdate: 8,
} as const;

/** The bytes of a frame. */
export function frame(
  type: number,
  id: number,
  { flags = 0, payload = Buffer.alloc(0) }: Partial<Frame> = {},
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

/** A head or trailers, each field written out (RFC 7541, 6.2.2); values are shorter than 127 bytes. */
export function fields(
  id: number,
  pairs: readonly (readonly [string, string])[],
  end = false,
): Buffer {
  const block = pairs.flatMap(([name, value]) => [
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
  return frame(frames.headers, id, { flags: end ? 5 : 4, payload: Buffer.concat(block) });
}

/** A piece of a body. */
export function data(id: number, text: string, end = false): Buffer {
  return frame(frames.data, id, { flags: end ? 1 : 0, payload: Buffer.from(text) });
}

/** RST_STREAM. */
export function reset(id: number, code: number): Buffer {
  return frame(frames.reset, id, { payload: numbers(code) });
}

/** GOAWAY. */
export function goaway(lastId: number, code: number): Buffer {
  return frame(frames.goaway, 0, { payload: numbers(lastId, code) });
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, at * 4);
  return bytes;
}

/** Says something on a connection, at once and in one piece. */
export type Say = (...bytes: readonly Buffer[]) => void;

/**
 * A server of single frames, for what Node's never says. It answers SETTINGS; the script is told of
 * every other frame.
 */
export function framesServer(
  script: (frame: Frame, say: Say, socket: Socket) => void,
  settings: readonly (readonly [id: number, value: number])[] = [],
): (socket: Socket) => void {
  return (socket) => {
    socket.setNoDelay(true);
    socket.on('end', () => socket.end());
    const say: Say = (...bytes) => void socket.write(Buffer.concat(bytes));
    say(frame(frames.settings, 0, { payload: Buffer.concat(settings.map(setting)) }));
    // The preface of the client comes before its frames.
    let skip = 24;
    let left = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      left = Buffer.concat([left, bytes]);
      if (left.length < skip) return;
      left = left.subarray(skip);
      skip = 0;
      for (let next = takeFrame(left); next !== undefined; next = takeFrame(left)) {
        left = left.subarray(9 + next.payload.length);
        if (next.type !== frames.settings) script(next, say, socket);
        else if (next.flags === 0) say(frame(frames.settings, 0, { flags: 1 }));
      }
    });
  };
}

function setting([id, value]: readonly [number, number]): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

function takeFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 9) return undefined;
  const length = bytes.readUIntBE(0, 3);
  if (bytes.length < 9 + length) return undefined;
  const [type = 0, flags = 0] = bytes.subarray(3, 5);
  return { type, flags, id: bytes.readUInt32BE(5), payload: bytes.subarray(9, 9 + length) };
}

/** All of an answer: its text and its ending, read to the end. */
export async function readAll(
  answer: Answer,
): Promise<{ readonly text: string | undefined; readonly ending: Ending }> {
  const text = await textOf(answer.body);
  return { text, ending: await answer.ending };
}
