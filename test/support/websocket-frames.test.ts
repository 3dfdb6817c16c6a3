import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FrameReading } from '../../src/support/websocket-frames.ts';
import { FrameReader } from '../../src/support/websocket-frames.ts';
import { frame } from '../mode/frames.ts';

/** What a reader makes of pieces of bytes: opcode and payload of each message, and whether it went well. */
function read(pieces: readonly Buffer[], changes: Partial<FrameReading> = {}) {
  const seen: string[] = [];
  let tooLong = 0;
  const reader = new FrameReader({
    masked: false,
    compresses: false,
    roomFor: () => 1_000_000,
    onFrames: ({ opcode, payload, compressed }) =>
      seen.push(`${opcode}${compressed ? '*' : ''} ${payload.toString('latin1')}`),
    tooLong: () => {
      tooLong += 1;
    },
    ...changes,
  });
  const fine = pieces.map((bytes) => reader.take(bytes));
  return { seen, fine: fine.every(Boolean), tooLong };
}

test.each([0, 1, 125, 126, 127, 65_535, 65_536])(
  'a payload of %i bytes, masked or not',
  (length) => {
    const payload = Buffer.alloc(length, 'abcdefg');
    for (const masked of [true, false]) {
      const got = read([frame({ opcode: 2, payload, masked })], { masked });
      expect(got).toEqual({ seen: [`2 ${payload.toString()}`], fine: true, tooLong: 0 });
    }
  },
);

test('any bytes in any pieces give what they give in one, and never an error', () => {
  const frames = fc.record({
    opcode: fc.constantFrom(0, 1, 2, 3, 8, 9, 10, 11),
    payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fin: fc.boolean(),
    compressed: fc.boolean(),
  });
  const streams = fc.oneof(
    fc.array(frames, { maxLength: 6 }).map((all) => Buffer.concat(all.map(frame))),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(streams, fc.array(fc.nat(300), { maxLength: 8 }), (bytes, cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const pieces = edges.slice(1).map((end, place) => bytes.subarray(edges[place], end));
      const reading = { compresses: true };
      expect(read(pieces, reading)).toEqual(read([bytes], reading));
    }),
    { numRuns: 300 },
  );
});

test('a message in fragments of one byte, thousands of them, is whole', () => {
  const bytes = Buffer.concat([
    frame({ opcode: 1, payload: '', fin: false }),
    ...Array.from({ length: 5000 }, (_, place) =>
      frame({ opcode: 0, payload: String(place % 10), fin: false }),
    ),
    frame({ opcode: 0, payload: '!' }),
  ]);
  expect(read([bytes]).seen).toEqual([`1 ${'0123456789'.repeat(500)}!`]);
});

describe('breaks the protocol', () => {
  const long = Buffer.from([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]);
  test.each([
    ['an opcode for data that is not defined', frame({ opcode: 3, payload: '' })],
    ['a control opcode that is not defined', frame({ opcode: 11, payload: '' })],
    ['a ping in pieces', frame({ opcode: 9, payload: 'x', fin: false })],
    ['a ping of 126 bytes', frame({ opcode: 9, payload: Buffer.alloc(126) })],
    ['a close frame of one byte', frame({ opcode: 8, payload: 'x' })],
    ['a continuation of nothing', frame({ opcode: 0, payload: 'x' })],
    [
      'a message within a message',
      Buffer.concat([
        frame({ opcode: 1, payload: 'x', fin: false }),
        frame({ opcode: 1, payload: 'y' }),
      ]),
    ],
    ['a reserved bit that nobody agreed on', frame({ opcode: 1, payload: 'x', compressed: true })],
    ['a mask where none may be', frame({ opcode: 1, payload: 'x', masked: true })],
    ['a length that no number holds', long],
  ])('%s', (_name, bytes) => {
    const before = frame({ opcode: 1, payload: 'before' });
    const got = read([before, bytes, frame({ opcode: 1, payload: 'after' })]);
    expect(got.seen).toEqual(['1 before']);
    expect(got.fine).toBe(false);
  });

  test('a compressed control frame, and a continuation that says again that it is compressed', () => {
    const ping = frame({ opcode: 9, payload: '', compressed: true });
    expect(read([ping], { compresses: true }).fine).toBe(false);
    const again = [
      frame({ opcode: 1, payload: 'x', compressed: true, fin: false }),
      frame({ opcode: 0, payload: 'x', compressed: true }),
    ];
    expect(read(again, { compresses: true }).fine).toBe(false);
  });
});

test('a frame that announces more than there is room for is passed over, keeping nothing', () => {
  const head = Buffer.from([0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0]);
  const got = read([head, Buffer.alloc(1000), Buffer.alloc(1000)]);
  expect(got).toEqual({ seen: [], fine: true, tooLong: 1 });
});
