import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';
import { connect } from 'node:http2';
import type { Ending } from '../../src/exchange/conversation.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import type { Open, Served, Serving } from './harness.ts';
import { withWire } from './harness.ts';

/** What a client of HTTP/2 was told on one stream. */
export interface Told2 {
  readonly status: number;
  /** Names and values in order, without pseudo-headers. */
  readonly headers: readonly string[];
  readonly interim: readonly IncomingHttpHeaders[];
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders;
  /** 0 where the stream ended in order. */
  readonly code: number;
}

/** Runs a body with a client of HTTP/2 that is connected to a wire. */
export async function withHttp2(
  open: Open,
  body: (client: ClientHttp2Session, served: Served) => Promise<void>,
  serving: Serving = {},
): Promise<void> {
  await withWire(
    open,
    async (served) => {
      const client = connect(`http://127.0.0.1:${served.port}`, {
        maxSendHeaderBlockLength: 1024 * 1024,
      });
      client.on('error', () => {});
      try {
        await body(client, served);
      } finally {
        client.destroy();
      }
    },
    { kind: 'http2', ...serving },
  );
}

/** Asks on a stream of its own and waits for its end, however that comes. */
export async function ask2(
  client: ClientHttp2Session,
  headers: OutgoingHttpHeaders | readonly string[],
  body?: string | Buffer,
): Promise<Told2> {
  const stream = client.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return told(stream);
}

/** What is told on a stream until it closes. */
export async function told(stream: ClientHttp2Stream): Promise<Told2> {
  let status = 0;
  let headers: readonly string[] = [];
  let trailers: IncomingHttpHeaders = {};
  const interim: IncomingHttpHeaders[] = [];
  const chunks: Buffer[] = [];
  stream.on('headers', (fields) => interim.push(fields));
  stream.on('response', (fields, _flags, flat) => {
    status = fields[':status'] ?? 0;
    headers = flat.filter((_, at) => flat[at - (at % 2)]?.startsWith(':') !== true);
  });
  stream.on('trailers', (fields) => {
    trailers = fields;
  });
  stream.on('data', (bytes: Buffer) => chunks.push(bytes));
  stream.on('error', () => {});
  await new Promise((resolve) => {
    stream.once('close', resolve);
  });
  const code = stream.rstCode ?? 0;
  return { status, headers, interim, body: Buffer.concat(chunks), trailers, code };
}

/** An answer with this ending, its head without a length. */
export function ended(ending: Ending, body?: Answer['body']): Answer {
  const head = { status: 200, statusText: 'OK', headers: [], httpVersion: '1.1' };
  return { head, body, ending, outcome: 'forwarded' };
}
