import * as fc from 'fast-check';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Ending } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Destination } from '../../src/exchange/destination.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type {
  Interaction,
  RecordedMessage,
  RecordedRequest,
  RecordedResponse,
} from '../../src/exchange/interaction.ts';

export const example: Destination = { host: 'example.org', port: 443, secure: true };

/** A small exchange, numbered; its parts can be replaced. */
export function sample(
  sequence: number,
  parts: {
    request?: Partial<RecordedRequest>;
    response?: Partial<RecordedResponse>;
    id?: string;
  } = {},
): Interaction {
  return {
    id: parts.id ?? `i-${sequence}`,
    kind: 'http',
    startedAt: '2026-11-20T12:00:00.000Z',
    sequence,
    request: {
      method: 'GET',
      destination: example,
      path: `/${sequence}`,
      httpVersion: '1.1',
      headers: [['Host', 'example.org']],
      ...parts.request,
    },
    response: {
      status: 200,
      statusText: 'OK',
      httpVersion: '1.1',
      headers: [],
      body: Buffer.from(`answer ${sequence}`),
      ...parts.response,
    },
    timing: { headMs: 1, endMs: 2.5 },
    ending: finished,
  };
}

const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 30,
});
const name = fc.constantFrom('Host', 'X-Ä', 'set-cookie', 'Cookie', 'accept', 'Content-Type', '');
const headers: fc.Arbitrary<Headers> = fc.array(fc.tuple(name, latin1), { maxLength: 4 });
const ms = fc.double({ min: 0, max: 1e7, noNaN: true });

/** Texts that look like JSON, and lose something when they are read as such and printed again. */
export const treacherous: readonly string[] = [
  '275.0',
  '[275.0]',
  '{"a":1e400}',
  '{"a":1,"a":2}',
  '{"b":1,"1":2}',
  '12345678901234567890',
  '-0',
  '{"__proto__":{"a":1}}',
  '{"__proto__":1,"constructor":2}',
  '"\\u00e4"',
  '"\\ud800"',
  '{ "a":1 }',
  '{"a":1}\n',
  '{"a":1}\n\n',
  '{\n  "a": [\n    1\n  ]\n}',
  '{\n    "a": {}\n}\n',
  '[\n\t"a"\n]',
  '{\r\n  "a": 1\r\n}',
  '\uFEFF{"a":1}',
  'a\r\nb\n',
  '\n',
  '\u2028\u0085',
  '[['.repeat(50) + ']]'.repeat(50),
  '[["a","b"]]',
  '{"headers":[["a","b"]],"json":{"base64":"x"}}',
];

const json = fc
  .tuple(fc.json(), fc.constantFrom(undefined, 2, 4, '\t'), fc.constantFrom('', '\n'))
  .map(([text, indent, end]) => JSON.stringify(JSON.parse(text), null, indent) + end);

/** Bodies of every kind, some of them like what they are not. */
export const bytes: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((some) => Buffer.from(some)),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)),
  fc.constantFrom(...treacherous).map((text) => Buffer.from(text)),
  json.map((text) => Buffer.from(text)),
);

const encoders = {
  gzip: (body: Buffer) => gzipSync(body),
  'x-gzip': (body: Buffer) => gzipSync(body, { level: 1 }),
  deflate: (body: Buffer) => deflateSync(body),
  br: (body: Buffer) => brotliCompressSync(body),
  zstd: (body: Buffer) => zstdCompressSync(body),
  // What it says, it is not.
  GZIP: (body: Buffer) => body,
} as const;

const coded = fc
  .tuple(fc.constantFrom('gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'GZIP'), bytes)
  .map(([coding, body]) => ({
    headers: [['Content-Encoding', coding]] as Headers,
    body: encoders[coding](body),
  }));
const message: fc.Arbitrary<{ headers: Headers; body?: Buffer }> = fc.oneof(
  headers.map((some) => ({ headers: some })),
  fc.record({ headers, body: bytes }),
  coded,
);

const head = fc.record({
  status: fc.integer({ min: 100, max: 599 }),
  statusText: latin1,
  httpVersion: fc.constantFrom('1.0', '1.1', '2.0'),
  headers,
});

const destination = fc.record({
  host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()).map((host) => host.toLowerCase()),
  port: fc.oneof(fc.constantFrom(80, 443), fc.integer({ min: 1, max: 65_535 })),
  secure: fc.boolean(),
});

const path = fc.oneof(
  latin1.map((rest) => `/${rest}`),
  fc.constantFrom('*', '/', '/a?b=c&b=d', '', '?a'),
);

const side = fc.constantFrom('client', 'server');
const ending: fc.Arbitrary<Ending> = fc.oneof(
  headers.map((trailers): Ending => ({ type: 'finished', trailers })),
  fc.record({
    type: fc.constant('closed' as const),
    by: side,
    code: fc.integer({ min: 1000, max: 4999 }),
    reason: fc.string({ unit: 'binary' }),
  }),
  fc.record({ type: fc.constant('reset' as const), by: side, code: fc.nat() }),
  fc.record({ type: fc.constant('cut' as const), by: side }),
  fc.record({ type: fc.constant('goaway' as const), code: fc.nat() }),
  fc.record({ type: fc.constant('reset' as const), by: side }),
  fc.constantFrom<Ending>({ type: 'refused' }, { type: 'timedOut' }),
  fc.record({ type: fc.constant('tls' as const), code: latin1, reason: latin1 }),
  fc.record({ type: fc.constant('dns' as const), code: latin1 }),
);

const request: fc.Arbitrary<RecordedRequest> = fc
  .tuple(
    fc.record(
      {
        method: fc.constantFrom('GET', 'POST', 'M-SEARCH'),
        destination,
        path,
        httpVersion: fc.constantFrom('1.0', '1.1', '2.0'),
        trailers: headers,
        partial: fc.boolean(),
      },
      { requiredKeys: ['method', 'destination', 'path', 'httpVersion'] },
    ),
    message,
  )
  .map(([rest, said]) => ({ ...rest, ...said }));

const response: fc.Arbitrary<RecordedResponse> = fc
  .tuple(
    head,
    message,
    fc.option(fc.array(fc.record({ atMs: ms, head }), { maxLength: 2 }), { nil: undefined }),
    fc.option(fc.array(fc.record({ atMs: ms, bytes: fc.nat() }), { maxLength: 3 }), {
      nil: undefined,
    }),
  )
  .map(([rest, said, informational, chunks]) => ({
    ...rest,
    ...said,
    ...(chunks === undefined ? {} : { chunks }),
    ...(informational === undefined ? {} : { informational }),
  }));

const messages: fc.Arbitrary<readonly RecordedMessage[]> = fc.array(
  fc.oneof(
    fc.record({
      from: side,
      atMs: ms,
      kind: fc.constantFrom('text', 'binary', 'ping', 'pong', 'data'),
      bytes,
    }),
    fc.record(
      { from: side, atMs: ms, kind: fc.constant('message'), bytes, compressed: fc.boolean() },
      { requiredKeys: ['from', 'atMs', 'kind', 'bytes'] },
    ),
    fc.record({
      from: side,
      atMs: ms,
      kind: fc.constant('end'),
      bytes: fc.constant(Buffer.alloc(0)),
    }),
  ),
  { maxLength: 4 },
);

const timing: fc.Arbitrary<Interaction['timing']> = fc.record(
  { headMs: ms, endMs: ms },
  { requiredKeys: ['endMs'] },
);

const anyKind: fc.Arbitrary<Interaction> = fc.record(
  {
    id: fc.string(),
    kind: fc.constantFrom('http', 'websocket', 'grpc', 'connect', 'stream'),
    startedAt: fc.constant('2026-11-20T12:00:00.000Z'),
    sequence: fc.constant(0),
    request,
    response,
    messages,
    timing,
    ending,
    alpn: fc.constantFrom('h2', 'http/1.1', ''),
    truncated: fc.constantFrom('size', 'time', 'killed'),
  },
  { requiredKeys: ['id', 'kind', 'startedAt', 'sequence', 'request', 'timing', 'ending'] },
);

/** Any interaction; its sequence is 0. */
export const interaction: fc.Arbitrary<Interaction> = anyKind.map((one) =>
  one.kind === 'stream' ? { ...one, request: streamRequest(one.request.destination) } : one,
);

/** The request of a raw stream: no more than where it went. */
export function streamRequest(where: Destination): RecordedRequest {
  return { method: '', path: '', httpVersion: '', headers: [], destination: where };
}
