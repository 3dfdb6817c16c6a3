import type { Interaction } from '../../src/exchange/interaction.ts';

const startedAt = '2026-11-20T12:00:00.000Z';
const http = { kind: 'http', startedAt } as const;
// Another gzip than Node's: to encode it again gives other bytes.
const gzipped = Buffer.from('H4sIAAAAAAAC/6tWSkxKVrIy1FEqSk3MUbIyqgUAo9g6URIAAAA=', 'base64');

/** What the golden cassettes of version 2.0 hold: one of each kind of thing. */
export const golden: readonly Interaction[] = [
  {
    ...http,
    id: 'json',
    sequence: 0,
    request: {
      method: 'POST',
      destination: { host: 'api.example.org', port: 443, secure: true },
      path: '/items?b=2&a=1&a=0',
      httpVersion: '1.1',
      headers: [
        ['Host', 'api.example.org'],
        ['X-Latin', '\u00e4\u0080\u00ff'],
        ['Authorization', '[FILTERED]'],
      ],
      body: Buffer.from('{"name":"é","price":275.5,"__proto__":{"a":null}}'),
      trailers: [['X-Sum', '1']],
    },
    response: {
      status: 201,
      statusText: 'Créé',
      httpVersion: '1.1',
      headers: [
        ['Set-Cookie', 'sid=[FILTERED]; Path=/'],
        ['set-cookie', 'lang=[FILTERED]'],
        ['Transfer-Encoding', 'chunked'],
      ],
      body: Buffer.from('{\n  "id": 1\n}\n'),
      informational: [
        {
          atMs: 1.5,
          head: {
            status: 103,
            statusText: 'Early Hints',
            httpVersion: '1.1',
            headers: [['Link', '</a.css>']],
          },
        },
      ],
    },
    timing: { headMs: 12.25, endMs: 20 },
    ending: { type: 'finished', trailers: [['Grpc-Status', '0']] },
  },
  {
    ...http,
    id: 'bodies',
    sequence: 1,
    request: {
      method: 'PUT',
      destination: { host: '::1', port: 8080, secure: false },
      path: '/raw',
      httpVersion: '1.0',
      headers: [],
      body: Buffer.from([0, 255, 128]),
      partial: true,
    },
    response: {
      status: 200,
      statusText: '',
      httpVersion: '2.0',
      headers: [['content-encoding', 'gzip']],
      body: gzipped,
    },
    timing: { headMs: 1, endMs: 2 },
    ending: { type: 'finished', trailers: [] },
  },
  {
    ...http,
    id: 'lines',
    sequence: 2,
    request: {
      method: 'OPTIONS',
      destination: { host: 'example.org', port: 80, secure: false },
      path: '*',
      httpVersion: '1.1',
      headers: [],
      body: Buffer.alloc(0),
    },
    response: {
      status: 200,
      statusText: 'OK',
      httpVersion: '1.1',
      headers: [['Content-Length', '40']],
      body: Buffer.from('one\r\n275.0\ntwo'),
    },
    timing: { headMs: 1, endMs: 2 },
    ending: { type: 'cut', by: 'server' },
  },
  {
    ...http,
    id: 'reset',
    sequence: 3,
    request: {
      method: 'GET',
      destination: { host: 'example.org', port: 8443, secure: true },
      path: '/',
      httpVersion: '1.1',
      headers: [],
    },
    timing: { endMs: 2 },
    ending: { type: 'reset', by: 'server', code: 8 },
  },
  {
    id: 'websocket',
    kind: 'websocket',
    startedAt,
    sequence: 4,
    request: {
      method: 'GET',
      destination: { host: 'example.org', port: 443, secure: true },
      path: '/live',
      httpVersion: '1.1',
      headers: [['Upgrade', 'websocket']],
    },
    response: { status: 101, statusText: 'Switching Protocols', httpVersion: '1.1', headers: [] },
    messages: [
      { from: 'client', atMs: 1, kind: 'text', bytes: Buffer.from('hello') },
      { from: 'server', atMs: 6001.5, kind: 'binary', bytes: Buffer.from([1, 2, 254]) },
      { from: 'server', atMs: 6002, kind: 'ping', bytes: Buffer.alloc(0) },
      { from: 'client', atMs: 6003, kind: 'pong', bytes: Buffer.from([255]) },
    ],
    timing: { headMs: 1, endMs: 7000 },
    ending: { type: 'closed', by: 'client', code: 1000, reason: 'Tschüß' },
  },
  ...(
    [
      { type: 'refused' },
      { type: 'timedOut' },
      { type: 'tls', code: 'CERT_HAS_EXPIRED', reason: 'certificate has expired' },
      { type: 'dns', code: 'ENOTFOUND' },
    ] as const
  ).map(
    (ending, index): Interaction => ({
      id: `connect-${ending.type}`,
      kind: 'connect',
      startedAt,
      sequence: 5 + index,
      request: {
        method: 'CONNECT',
        destination: { host: 'gone.example.org', port: 443, secure: true },
        path: '',
        httpVersion: '1.1',
        headers: [],
      },
      timing: { endMs: 3 },
      ending,
    }),
  ),
];
