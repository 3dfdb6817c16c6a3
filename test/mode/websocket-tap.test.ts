import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PartKind, Side } from '../../src/exchange/conversation.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import { createFrameTap, mergeSession } from '../../src/mode/websocket-tap.ts';
import { closeFrame, deflated, deflatedTogether, frame } from './frames.ts';
import { part } from './harness.ts';

const plain: Headers = [];
const compressing = (parameters = ''): Headers => [
  ['Sec-WebSocket-Extensions', `permessage-deflate${parameters}`],
];

/** What a tap makes of bytes that come in the given pieces. */
async function tapped(
  from: Side,
  pieces: readonly Buffer[],
  { accepted = plain, bytesMax = 10_000 }: { accepted?: Headers; bytesMax?: number } = {},
) {
  const tap = createFrameTap(from, { accepted, bytesMax });
  for (const [place, bytes] of pieces.entries())
    await tap.take({ ...part(''), bytes, atMs: place });
  const { messages, close } = await tap.end();
  const told = messages?.map(({ kind, bytes }) => `${kind} ${bytes.toString()}`);
  return { told, close: close && { code: close.code, reason: close.reason }, closed: tap.closed() };
}

function conversation(masked: boolean): Buffer {
  return Buffer.concat([
    frame({ opcode: 1, payload: 'héllo', masked }),
    frame({ opcode: 2, payload: Buffer.alloc(300, 1), masked }),
    frame({ opcode: 1, payload: 'frag', fin: false, masked }),
    frame({ opcode: 9, payload: 'in between', masked }),
    frame({ opcode: 0, payload: 'ment', masked }),
    frame({ opcode: 10, payload: '', masked }),
    frame({ opcode: 1, payload: '', masked }),
    closeFrame(1001, 'going', masked),
  ]);
}

const told = [
  'text héllo',
  `binary ${'\u0001'.repeat(300)}`,
  'ping in between',
  'text fragment',
  'pong ',
  'text ',
];

test.each<[Side, boolean]>([
  ['client', true],
  ['server', false],
])(
  'every kind of message of the %s is told, wherever its bytes are split',
  async (from, masked) => {
    const bytes = conversation(masked);
    const expected = { told, close: { code: 1001, reason: 'going' }, closed: true };
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(await tapped(from, [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected);
    }
  },
);

test('any split of the same bytes gives the same messages', async () => {
  const bytes = conversation(true);
  const cuts = fc.array(fc.nat(bytes.length), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const edges = [0, ...places.toSorted((a, b) => a - b), bytes.length];
      const pieces = edges.slice(1).map((end, place) => bytes.subarray(edges[place], end));
      expect((await tapped('client', pieces)).told).toEqual(told);
    }),
    { numRuns: 50 },
  );
});

test('the bytes themselves stay as they are', async () => {
  const bytes = conversation(true);
  const before = Buffer.from(bytes);
  await tapped('client', [bytes]);
  expect(bytes.equals(before)).toBe(true);
});

describe('compressed messages are told as they were before', () => {
  test('without context takeover', async () => {
    const payloads = ['one one one one', 'one one one two'].map(deflated);
    for (const [from, masked] of [
      ['client', true],
      ['server', false],
    ] as const) {
      const pieces = payloads.map((payload) =>
        frame({ opcode: 1, payload, masked, compressed: true }),
      );
      const accepted = compressing('; server_no_context_takeover; client_no_context_takeover');
      const got = await tapped(from, pieces, { accepted });
      expect(got.told).toEqual(['text one one one one', 'text one one one two']);
    }
  });

  test('with context takeover, and an uncompressed one between', async () => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = await deflatedTogether([
      'one one one one',
      'one one one two',
    ]);
    // The second refers to the first: by itself it would be longer.
    expect(second.length).toBeLessThan(deflated('one one one two').length);
    const bytes = Buffer.concat([
      frame({ opcode: 1, payload: first, compressed: true }),
      frame({ opcode: 1, payload: 'plain' }),
      frame({ opcode: 2, payload: second.subarray(0, 2), compressed: true, fin: false }),
      frame({ opcode: 0, payload: second.subarray(2) }),
    ]);
    for (let at = 0; at <= bytes.length; at += 1) {
      const pieces = [bytes.subarray(0, at), bytes.subarray(at)];
      const { told: got } = await tapped('server', pieces, { accepted: compressing() });
      expect(got).toEqual(['text one one one one', 'text plain', 'binary one one one two']);
    }
  });

  test('with windows that were agreed on', async () => {
    const pieces = [frame({ opcode: 1, payload: deflated('abc'), compressed: true, masked: true })];
    const accepted = compressing('; client_max_window_bits=15; server_max_window_bits=15');
    expect((await tapped('client', pieces, { accepted })).told).toEqual(['text abc']);
  });
});

describe('a frame that breaks the protocol ends what can be told', () => {
  test.each([
    ['a bad opcode', frame({ opcode: 3, payload: '' })],
    [
      'a compressed one that nobody agreed on',
      frame({ opcode: 1, payload: 'x', compressed: true }),
    ],
    ['a masked one of a server', frame({ opcode: 1, payload: 'x', masked: true })],
    ['no frame at all', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('%s', async (_name, bad) => {
    const good = frame({ opcode: 1, payload: 'good' });
    const got = await tapped('server', [good, bad, good, good]);
    expect(got).toEqual({ told: ['text good'], close: undefined, closed: false });
  });

  test('and an extension header that is none does not stop the recording', async () => {
    const pieces = [frame({ opcode: 1, payload: 'good' })];
    for (const value of ['', ';;', 'permessage-deflate; nonsense=1', 'x-other']) {
      const accepted: Headers = [['Sec-WebSocket-Extensions', value]];
      expect((await tapped('server', pieces, { accepted })).told).toEqual(['text good']);
    }
  });
});

test('bytes after a close are nobody’s', async () => {
  const pieces = [closeFrame(1000, ''), frame({ opcode: 1, payload: 'late' })];
  const got = await tapped('server', pieces);
  expect(got).toEqual({ told: [], close: { code: 1000, reason: '' }, closed: true });
});

test('a close without a code is 1005', async () => {
  const got = await tapped('server', [frame({ opcode: 8, payload: '' })]);
  expect(got.close).toEqual({ code: 1005, reason: '' });
});

test('messages over the limit are not kept, together or one alone; the close is still seen', async () => {
  const small = frame({ opcode: 1, payload: '12345' });
  expect((await tapped('server', [small, small], { bytesMax: 10 })).told).toHaveLength(2);
  expect(
    await tapped('server', [small, small, small, closeFrame(1000, '')], { bytesMax: 10 }),
  ).toEqual({
    told: undefined,
    close: { code: 1000, reason: '' },
    closed: true,
  });
  const large = frame({ opcode: 1, payload: '12345678901' });
  expect((await tapped('server', [large], { bytesMax: 10 })).told).toBeUndefined();
});

test('each message is told of as it passes', async () => {
  const seen: [Side, PartKind][] = [];
  const options = { accepted: plain, bytesMax: 100 };
  const tap = createFrameTap('server', options, (side, kind) => seen.push([side, kind]));
  await tap.take(part('\x81\x01a\x89\x00'));
  expect(seen).toEqual([
    ['server', 'text'],
    ['server', 'ping'],
  ]);
});

describe('both sides together', () => {
  async function side(from: Side, ...said: readonly (readonly [atMs: number, bytes: Buffer])[]) {
    const tap = createFrameTap(from, { accepted: plain, bytesMax: 1000 });
    for (const [atMs, bytes] of said) await tap.take({ atMs, kind: 'data', bytes });
    return tap.end();
  }
  const mine = (text: string): Buffer => frame({ opcode: 1, payload: text, masked: true });
  const theirs = (text: string): Buffer => frame({ opcode: 1, payload: text });

  test('messages stand in the order of their coming', async () => {
    const client = await side('client', [1, mine('a')], [5, Buffer.concat([mine('d'), mine('e')])]);
    const server = await side('server', [2, theirs('b')], [3, theirs('c')], [9, theirs('f')]);
    const cut = { type: 'cut', by: 'server' } as const;
    const merged = mergeSession(client, server, cut);
    expect(merged.messages.map(({ bytes }) => bytes.toString()).join('')).toBe('abcdef');
    expect(merged.ending).toEqual(cut);
  });

  test('whoever closed first ended it', async () => {
    const cut = { type: 'cut', by: 'server' } as const;
    const early = await side('client', [1, closeFrame(4000, 'mine', true)]);
    const late = await side('server', [2, closeFrame(4000, 'yours')]);
    expect(mergeSession(early, late, cut).ending).toEqual({
      type: 'closed',
      by: 'client',
      code: 4000,
      reason: 'mine',
    });
    const first = await side('server', [0, closeFrame(4001, 'yours')]);
    expect(mergeSession(early, first, cut).ending).toEqual({
      type: 'closed',
      by: 'server',
      code: 4001,
      reason: 'yours',
    });
  });
});
