import type { Interaction, RecordedMessage } from '../../src/exchange/interaction.ts';

const startedAt = '2026-11-20T12:00:00.000Z';
const destination = { host: 'example.org', port: 443, secure: true };
const request = { method: 'GET', destination, path: '/', httpVersion: '1.1', headers: [] };
const head = { status: 200, statusText: 'OK', httpVersion: '1.1', headers: [] };
const message = (from: RecordedMessage['from'], text: string, atMs: number): RecordedMessage => {
  return { from, atMs, kind: 'message', bytes: Buffer.from(text, 'latin1') };
};

/** Bytes above which a body of these goes into a file of its own. */
export const longBytes = 40;

/** What the golden cassettes of version 2.1 hold: what is long, large, or cut short. */
export const goldenLong: readonly Interaction[] = [
  {
    id: 'grpc',
    kind: 'grpc',
    startedAt,
    sequence: 0,
    request: {
      ...request,
      method: 'POST',
      path: '/chat.Chat/Talk',
      httpVersion: '2.0',
      headers: [['content-type', 'application/grpc']],
    },
    response: { ...head, statusText: '', httpVersion: '2.0' },
    messages: [
      message('client', '\u0008\u0001', 1),
      { ...message('server', '\u001f\u008b', 2.5), compressed: true },
      { from: 'client', atMs: 3, kind: 'end', bytes: Buffer.alloc(0) },
    ],
    timing: { headMs: 1, endMs: 4 },
    ending: { type: 'finished', trailers: [['grpc-status', '13']] },
    alpn: 'h2',
  },
  {
    id: 'stream',
    kind: 'stream',
    startedAt,
    sequence: 1,
    request: {
      method: '',
      destination: { host: 'nats', port: 4222, secure: false },
      path: '',
      httpVersion: '',
      headers: [],
    },
    messages: [
      { from: 'server', atMs: 0.5, kind: 'data', bytes: Buffer.from('INFO {}\r\n') },
      { from: 'client', atMs: 1, kind: 'data', bytes: Buffer.from([0, 255]) },
    ],
    timing: { endMs: 9 },
    ending: { type: 'reset', by: 'client' },
  },
  {
    id: 'chunks',
    kind: 'http',
    startedAt,
    sequence: 2,
    request: { ...request, path: '/events' },
    response: {
      ...head,
      body: Buffer.from('data: 1\n\ndata: 2\n\n'),
      chunks: [
        { atMs: 5, bytes: 9 },
        { atMs: 1005.5, bytes: 9 },
      ],
    },
    timing: { headMs: 1, endMs: 2000 },
    ending: { type: 'cut', by: 'client' },
    truncated: 'time',
  },
  {
    id: 'stored',
    kind: 'http',
    startedAt,
    sequence: 3,
    request: {
      ...request,
      method: 'PUT',
      path: '/files',
      body: Buffer.from('what is sent is long enough to be kept apart'),
    },
    response: {
      ...head,
      headers: [['Content-Length', '45']],
      body: Buffer.from('what is got back has a file of its own as well'.slice(0, 45)),
    },
    timing: { headMs: 1, endMs: 2 },
    ending: { type: 'finished', trailers: [] },
  },
  {
    id: 'goaway',
    kind: 'http',
    startedAt,
    sequence: 4,
    request: { ...request, httpVersion: '2.0' },
    timing: { endMs: 2 },
    ending: { type: 'goaway', code: 0 },
  },
  {
    id: 'cut',
    kind: 'http',
    startedAt,
    sequence: 5,
    request,
    response: { ...head, body: Buffer.from('half') },
    timing: { headMs: 1, endMs: 2 },
    ending: { type: 'finished', trailers: [] },
    truncated: 'size',
  },
];
