import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { GrpcPiece } from '../../src/support/grpc-frames.ts';
import { createGrpcReader, grpcFrame } from '../../src/support/grpc-frames.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

function message(text: string, compressed = false): GrpcPiece {
  return { kind: 'message', bytes: Buffer.from(text), compressed };
}

function data(bytes: Buffer): GrpcPiece {
  return { kind: 'data', bytes, compressed: false };
}

/** Pieces of `data` that follow each other say the same as one. */
function joined(pieces: readonly GrpcPiece[]): readonly GrpcPiece[] {
  const messages = pieces.filter(({ kind }) => kind === 'message');
  const rest = pieces.filter(({ kind }) => kind === 'data').map(({ bytes }) => bytes);
  return rest.length === 0 ? messages : [...messages, data(Buffer.concat(rest))];
}

test('messages are what stands behind their prefixes', () => {
  const reader = createGrpcReader(100);
  const got = reader.take(hex('00 00000002 6869  01 00000001 7a  00 00000000'));
  expect(got).toEqual([message('hi'), message('z', true), message('')]);
  expect(reader.end()).toEqual([]);
  expect(reader.broken()).toBeUndefined();
});

test('a prefix that comes byte by byte is a prefix', () => {
  const reader = createGrpcReader(100);
  const got = [...hex('00 00000002 6869')].flatMap((byte) => reader.take(Buffer.from([byte])));
  expect(got).toEqual([message('hi')]);
});

test('a message longer than its stream is told, with what came of it', () => {
  const reader = createGrpcReader(100);
  expect(reader.take(hex('00 00000001 61  00 00000009 6263'))).toEqual([message('a')]);
  expect(reader.broken()).toBeUndefined();
  expect(reader.end()).toEqual([data(hex('00 00000009 6263'))]);
  expect(reader.broken()).toBe('end');
});

test('a flag that nobody knows ends the messages: what follows passes as it is', () => {
  const reader = createGrpcReader(100);
  const odd = hex('80 00000001 61');
  expect(reader.take(Buffer.concat([hex('00 00000001 61'), odd]))).toEqual([
    message('a'),
    data(odd),
  ]);
  expect(reader.broken()).toBe('flag');
  expect(reader.take(hex('00 00000001 61'))).toEqual([data(hex('00 00000001 61'))]);
  expect(reader.end()).toEqual([]);
});

test('a message over the limit is not gathered', () => {
  const reader = createGrpcReader(4);
  expect(reader.take(hex('00 00000004 61616161'))).toEqual([message('aaaa')]);
  const long = hex('00 ffffffff 61');
  expect(reader.take(long)).toEqual([data(long)]);
  expect(reader.broken()).toBe('length');
  expect(reader.take(hex('62'))).toEqual([data(hex('62'))]);
});

const piece = fc.record({
  kind: fc.constant('message' as const),
  bytes: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  compressed: fc.boolean(),
});

test('any split of the same bytes gives the same messages, and the bytes again', () => {
  const cuts = fc.array(fc.nat(300), { maxLength: 12 });
  const tails = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), tails, cuts, (pieces, tail, places) => {
      const wire = Buffer.concat([...pieces.map(grpcFrame), tail]);
      const whole = createGrpcReader(30);
      const expected = joined([...whole.take(wire), ...whole.end()]);
      const split = createGrpcReader(30);
      const edges = [0, ...places.toSorted((a, b) => a - b), wire.length];
      const got = edges.flatMap((from, index) =>
        split.take(wire.subarray(from, edges[index + 1] ?? wire.length)),
      );
      expect(joined([...got, ...split.end()])).toEqual(expected);
      expect(split.broken()).toBe(whole.broken());
      expect(Buffer.concat(expected.map(grpcFrame))).toEqual(wire);
    }),
  );
});
