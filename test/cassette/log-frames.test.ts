import { crc32 } from 'node:zlib';
import { expect, test } from '@jest/globals';
import {
  beginFrame,
  checksum,
  draftFrame,
  endFrame,
  fileFrame,
  frameHeadBytes,
  interactionFrame,
  logHeader,
  saidFrame,
} from '../../src/cassette/log-frames.ts';
import { unpack } from '../../src/cassette/msgpack.ts';
import { sample } from './samples.ts';

const begin = { name: 'c', startedAt: '2026-11-20T12:00:00.000Z', adds: true, base: '' };
const file = '6b1f2d3c-0000-4000-8000-123456789abc.part';

test('a log begins with a magic word and the version of its framing', () => {
  expect(logHeader.toString('latin1')).toBe('magneto\u0001');
});

test('a frame is a length, a checksum of that and what follows, and a record', () => {
  const [head = Buffer.alloc(0), payload = Buffer.alloc(0), ...more] = endFrame(3);
  expect(more).toEqual([]);
  expect(head).toHaveLength(frameHeadBytes);
  expect(head.readUInt32BE(0)).toBe(payload.length);
  const whole = crc32(Buffer.concat([head.subarray(0, 4), payload]));
  expect(head.readUInt32BE(4)).toBe(whole);
  expect(checksum(head, payload)).toBe(whole);
  expect(unpack(payload, '')).toEqual({ record: 'end', interactions: 3 });
});

test.each([
  [beginFrame(begin), { record: 'begin', version: '2.1', ...begin }],
  [interactionFrame(sample(4)), { record: 'interaction', sequence: 4 }],
  [interactionFrame(sample(4), 7), { record: 'interaction', sequence: 4, draft: 7 }],
  [draftFrame(7, sample(4)), { record: 'draft', draft: 7, sequence: 4 }],
  [fileFrame(7, { from: 'client', file }), { record: 'file', draft: 7, from: 'client', file }],
])('a record says what it is of (%#)', ([, payload = Buffer.alloc(0)], expected) => {
  expect(unpack(payload, '')).toMatchObject(expected);
});

test('what was said has its bytes, or how many they were', () => {
  const said = { from: 'server', atMs: 1.5, kind: 'data' } as const;
  const bytes = Buffer.from('abc');
  const [, payload = Buffer.alloc(0)] = saidFrame(7, [
    { ...said, bytes, length: 3 },
    { ...said, bytes: Buffer.alloc(0), length: 3 },
    { ...said, kind: 'message', compressed: true, bytes, length: 3 },
    { ...said, kind: 'end', bytes: Buffer.alloc(0), length: 0 },
  ]);
  expect(unpack(payload, '')).toEqual({
    record: 'said',
    draft: 7,
    messages: [
      { ...said, bytes },
      { ...said, length: 3 },
      { ...said, kind: 'message', compressed: true, bytes },
      { ...said, kind: 'end', bytes: Buffer.alloc(0) },
    ],
  });
});
