import { describe, expect, test } from '@jest/globals';
import {
  beginFrame,
  draftFrame,
  endFrame,
  fileFrame,
  interactionFrame,
  saidFrame,
} from '../../src/cassette/log-frames.ts';
import { readRecord, readSaid } from '../../src/cassette/log-record.ts';
import { pack } from '../../src/cassette/msgpack.ts';
import { sample } from './samples.ts';

const begin = { name: 'c', startedAt: '2026-11-20T12:00:00.000Z', adds: true, base: 'b' };
const file = '6b1f2d3c-0000-4000-8000-123456789abc.part';
const digest = 'a'.repeat(64);
const stored = {
  sha256: digest,
  bytes: 3,
  read: () => {
    throw new Error('not read');
  },
};
const read = ([, payload = Buffer.alloc(0)]: readonly Buffer[]) => readRecord(payload, 'c.wal', 8);
const said = {
  from: 'server',
  atMs: 1,
  kind: 'data',
  bytes: Buffer.from('abc'),
  length: 3,
} as const;

describe('a record is read', () => {
  const told = { sequence: 4, id: 'i-4', newer: false, answered: true, files: [] };
  const unanswered = {
    from: 'client',
    kind: 'end',
    atMs: 1,
    bytes: Buffer.alloc(0),
    length: 0,
  } as const;
  const whole = sample(4, { response: { stored } });
  const { response: _, ...asked } = sample(4);
  test.each([
    [beginFrame(begin), { type: 'begin', begin }],
    [interactionFrame(sample(4)), { type: 'interaction', draft: undefined, ...told }],
    [
      interactionFrame(whole, 7),
      { type: 'interaction', draft: 7, ...told, newer: true, files: [digest] },
    ],
    [draftFrame(7, asked), { type: 'draft', draft: 7, ...told, answered: false }],
    [saidFrame(7, [unanswered, said]), { type: 'said', draft: 7, answers: true }],
    [
      saidFrame(7, [unanswered, { ...said, from: 'client' }]),
      { type: 'said', draft: 7, answers: false },
    ],
    [saidFrame(7, [{ ...said, kind: 'end' }]), { type: 'said', draft: 7, answers: false }],
    [fileFrame(7, { from: 'client', file }), { type: 'file', draft: 7, from: 'client', file }],
    [endFrame(3), { type: 'end' }],
  ])('(%#)', (frame, expected) => {
    expect(read(frame)).toEqual(expected);
  });
});

test('what was said comes back, its bytes no view of what was read with them', () => {
  const elsewhere = { ...said, bytes: Buffer.alloc(0) };
  const compressed = { ...said, kind: 'message', compressed: true } as const;
  const [, payload = Buffer.alloc(0)] = saidFrame(7, [said, elsewhere, compressed]);
  const messages = readSaid(payload, 'f');
  expect(messages).toEqual([said, elsewhere, compressed]);
  payload.fill(0);
  expect(messages[0]?.bytes.toString()).toBe('abc');
});

describe('a record is refused', () => {
  test.each([
    [{ record: 'later' }, 'CASSETTE_CORRUPT', 'record at byte 8: is of no known kind'],
    [{ ...begin, record: 'begin', version: '9' }, 'CASSETTE_VERSION_UNKNOWN', 'version "9"'],
    [{ record: 'said', draft: 'x', messages: [] }, 'CASSETTE_CORRUPT', 'draft'],
    [{ record: 'said', draft: 1, messages: 3 }, 'CASSETTE_CORRUPT', 'is no list'],
    [{ record: 'draft', draft: 1, sequence: 1 }, 'CASSETTE_CORRUPT', 'is no object'],
    [{ record: 'file', draft: 1, from: 'nobody', file }, 'CASSETTE_CORRUPT', 'from'],
    [
      { record: 'file', draft: 1, from: 'client', file: '../../etc/passwd' },
      'CASSETTE_CORRUPT',
      'names no file of a body',
    ],
  ])('%j', (fields, code, words) => {
    const reading = () => readRecord(pack(fields), 'c.wal', 8);
    expect(reading).toThrow(expect.objectContaining({ code }));
    expect(reading).toThrow(words);
  });
});
