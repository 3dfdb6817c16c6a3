import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Side } from '../../src/exchange/conversation.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { CloseFrame } from '../../src/record/websocket-tap.ts';
import { FrameTap } from '../../src/record/websocket-tap.ts';
import { closeFrame, deflated, deflatedTogether, frame } from '../mode/frames.ts';
import { part } from '../mode/harness.ts';

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
  const told: string[] = [];
  const close: CloseFrame[] = [];
  const lost: string[] = [];
  let left = bytesMax;
  const tap = new FrameTap(from, {
    accepted,
    roomFor: () => left,
    onMessage({ kind, bytes }) {
      left -= bytes.length;
      told.push(`${kind} ${bytes.toString()}`);
      return undefined;
    },
    onClose: (_by, seen) => void close.push(seen),
    onLost: (why) => void lost.push(why),
  });
  for (const [place, bytes] of pieces.entries())
    await tap.take({ ...part(''), bytes, atMs: place });
  return { told, close, lost };
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
    const expected = { told, close: [{ code: 1001, reason: 'going' }], lost: [] };
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
    expect(got).toEqual({ told: ['text good'], close: [], lost: ['malformed'] });
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
  expect(got).toEqual({ told: [], close: [{ code: 1000, reason: '' }], lost: [] });
});

test('a close without a code is 1005', async () => {
  const got = await tapped('server', [frame({ opcode: 8, payload: '' })]);
  expect(got.close).toEqual([{ code: 1005, reason: '' }]);
});

test('what is over the limit is not kept, together or one alone; the close is still seen', async () => {
  const small = frame({ opcode: 1, payload: '12345' });
  expect((await tapped('server', [small, small], { bytesMax: 10 })).told).toHaveLength(2);
  expect(
    await tapped('server', [small, small, small, closeFrame(1000, '')], { bytesMax: 10 }),
  ).toEqual({
    told: ['text 12345', 'text 12345'],
    close: [{ code: 1000, reason: '' }],
    lost: ['size'],
  });
  const large = frame({ opcode: 1, payload: '12345678901' });
  expect(await tapped('server', [large, small], { bytesMax: 10 })).toMatchObject({
    told: [],
    lost: ['size'],
  });
});

test('a message is over the limit by its fragments together, and once it is known to be none is kept', async () => {
  const pieces = [
    frame({ opcode: 2, payload: '123456', fin: false }),
    frame({ opcode: 9, payload: 'still here' }),
    frame({ opcode: 0, payload: '78901' }),
    closeFrame(1000, ''),
  ];
  const got = await tapped('server', pieces, { bytesMax: 20 });
  expect(got.told).toEqual(['ping still here']);
  expect(got).toMatchObject({ lost: ['size'], close: [{ code: 1000 }] });
});

test('a small frame that unpacks to more than there is room for is over the limit', async () => {
  const bomb = frame({ opcode: 1, payload: deflated('0'.repeat(100_000)), compressed: true });
  const got = await tapped('server', [bomb], { accepted: compressing() });
  expect(got).toEqual({ told: [], close: [], lost: ['size'] });
});

test('what is marked as compressed and is not is no frame', async () => {
  const bad = frame({ opcode: 1, payload: Buffer.alloc(40, 0xff), compressed: true });
  const got = await tapped('server', [bad], { accepted: compressing() });
  expect(got.lost).toEqual(['malformed']);
});

test('a large compressed message is waited for, and what follows comes after it', async () => {
  const text = Array.from({ length: 9000 }, (_, place) => `${place * 7919}`).join('');
  const packed = deflated(text);
  expect(packed.length).toBeGreaterThan(8192);
  const bytes = Buffer.concat([
    frame({ opcode: 1, payload: packed, compressed: true }),
    frame({ opcode: 1, payload: 'after', compressed: false }),
  ]);
  const got = await tapped('server', [bytes], { accepted: compressing(), bytesMax: 1_000_000 });
  expect(got.told.map((line) => line.length)).toEqual([text.length + 5, 10]);
  expect(got.told[0] === `text ${text}`).toBe(true);
});
