import { readFileSync, readdirSync } from 'node:fs';
import { encode } from 'dns-packet';
import { jsonPieces } from '../src/cassette/json.ts';
import {
  beginFrame,
  endFrame,
  fileFrame,
  interactionFrame,
  saidFrame,
} from '../src/cassette/log-frames.ts';
import { binarySpelling, pack } from '../src/cassette/msgpack.ts';
import { toTree } from '../src/cassette/tree.ts';
import type { Interaction } from '../src/exchange/interaction.ts';

const hellos = new URL('../test/fixtures/hellos/', import.meta.url);

/** The hellos of real programs. */
export const helloSeeds: readonly Buffer[] = readdirSync(hellos).map((file) =>
  Buffer.from(readFileSync(new URL(file, hellos), 'utf8').trim(), 'hex'),
);

/** Requests as HTTP/1 has them, by the rules and against them. */
export const requestSeeds: readonly Buffer[] = [
  'GET http://far.test/a?b=c HTTP/1.1\r\nHost: far.test\r\n\r\n',
  'POST http://far.test/ HTTP/1.1\r\nHost: far.test\r\nContent-Length: 3\r\n\r\nabc',
  'PUT http://far.test/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na',
  'CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n\r\n',
  'OPTIONS * HTTP/1.0\r\n\r\n',
  'GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'GET http://magneto.local/ca.pem HTTP/1.1\r\nHost: magneto.local\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'));

/** First bytes of connections. */
export const startSeeds: readonly Buffer[] = [
  ...helloSeeds,
  ...requestSeeds,
  ...[
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'SSH-2.0-OpenSSH_9.2\r\n',
    'EHLO example.org\r\n',
    'CONNECT {"verbose":false}\r\nPING\r\n',
    '*1\r\n$4\r\nPING\r\n',
    '\x00\x00\x00\x08\x04\xd2\x16\x2f',
    '\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10',
  ].map((text) => Buffer.from(text, 'latin1')),
];

/** Questions and answers of DNS. */
export const dnsSeeds: readonly Buffer[] = [
  encode({ type: 'query', id: 1, flags: 256, questions: [{ type: 'A', name: 'far.test' }] }),
  encode({
    type: 'response',
    id: 2,
    questions: [{ type: 'A', name: 'www.far.test' }],
    answers: [
      { type: 'CNAME', name: 'www.far.test', ttl: 60, data: 'far.test' },
      { type: 'A', name: 'far.test', ttl: 60, data: '192.0.2.1' },
    ],
  }),
  encode({
    type: 'response',
    id: 3,
    questions: [{ type: 'MX', name: 'far.test' }],
    answers: [
      { type: 'MX', name: 'far.test', data: { preference: 1, exchange: 'mx.far.test' } },
      { type: 'TXT', name: 'far.test', data: ['a', 'b'] },
      { type: 'AAAA', name: 'far.test', data: '2001:db8::1' },
      {
        type: 'SRV',
        name: '_a._tcp.far.test',
        data: { priority: 1, weight: 2, port: 3, target: 'b.far.test' },
      },
    ],
    authorities: [
      {
        type: 'SOA',
        name: 'far.test',
        data: {
          mname: 'ns',
          rname: 'root',
          serial: 1,
          refresh: 2,
          retry: 3,
          expire: 4,
          minimum: 5,
        },
      },
    ],
  }),
];

const interactions: readonly Interaction[] = (
  ['http', 'websocket', 'grpc', 'connect'] as const
).map((kind, sequence) => ({
  id: `i${sequence}`,
  kind,
  startedAt: '2026-11-20T12:00:00.000Z',
  sequence,
  request: {
    method: 'POST',
    destination: { host: 'far.test', port: 443, secure: true },
    path: '/a?b=c',
    httpVersion: '1.1',
    headers: [['Host', 'far.test']],
    body: Buffer.from('{"a":1}'),
  },
  response: {
    status: 200,
    statusText: 'OK',
    httpVersion: '1.1',
    headers: [['Content-Encoding', 'identity']],
    body: Buffer.from([0, 1, 2, 255]),
    chunks: [{ atMs: 1, bytes: 4 }],
  },
  messages: [{ from: 'client', atMs: 2, kind: 'text', bytes: Buffer.from('hi') }],
  timing: { headMs: 1, endMs: 2 },
  ending: { type: 'finished', trailers: [['a', 'b']] },
}));

/** A cassette as JSON. */
export const jsonSeeds: readonly Buffer[] = [await json()];

/** Interactions as MessagePack. */
export const packedSeeds: readonly Buffer[] = interactions.map((one) =>
  pack(toTree(one, binarySpelling)),
);

/** Records of a write-ahead log. */
export const logSeeds: readonly Buffer[] = [
  ...interactions.flatMap((one) => interactionFrame(one, 1).slice(1)),
  ...draftSeeds(),
];

function draftSeeds(): readonly Buffer[] {
  const said = { from: 'server', atMs: 1, kind: 'data', bytes: Buffer.from('abc') } as const;
  const file = '6b1f2d3c-0000-4000-8000-123456789abc.part';
  return [
    beginFrame({ name: 'n', startedAt: 'x', adds: true, base: '' }),
    saidFrame(1, [
      { ...said, length: 3 },
      { ...said, bytes: Buffer.alloc(0), length: 9 },
    ]),
    fileFrame(1, { from: 'client', file }),
    endFrame(1),
  ].flatMap((frame) => frame.slice(1));
}

async function json(): Promise<Buffer> {
  let text = '';
  async function* each(): AsyncGenerator<Interaction> {
    yield* interactions;
  }
  for await (const piece of jsonPieces({ name: 'n', recordedAt: 'x', newer: true }, each()))
    text += piece;
  return Buffer.from(text);
}
