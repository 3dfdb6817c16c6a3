import { expect, test } from '@jest/globals';
import { binarySpelling, msgpackPieces, pack, unpack } from '../../src/cassette/msgpack.ts';
import { sample } from './samples.ts';

async function* of<Item>(...items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

async function joined(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

test('the pieces are one map of four', async () => {
  const head = { name: 'c', newer: false, recordedAt: 'now' };
  const bytes = await joined(msgpackPieces(head, of(sample(0), sample(1)), 2));
  expect(unpack(bytes, 'f')).toMatchObject({
    version: '2.0',
    name: 'c',
    recordedAt: 'now',
    interactions: [{ id: 'i-0' }, { id: 'i-1', response: { body: Buffer.from('answer 1') } }],
  });
});

test('plain MessagePack is written: short maps, byte strings, no extensions', () => {
  expect(pack({ a: Buffer.from([1]) }).toString('hex')).toBe('81a161c40101');
});

test('what is broken is refused with the place', () => {
  expect(() => unpack(Buffer.from('92c0', 'hex'), 'f')).toThrow('f: is no MessagePack at byte 2');
});

test('what nests without end is refused, too', () => {
  const deep = Buffer.concat([Buffer.alloc(200_000, 0x91), Buffer.from([0xc0])]);
  expect(() => unpack(deep, 'f')).toThrow('f: is no MessagePack that can be read');
});

test('numbers of 64 bits are numbers', () => {
  expect(unpack(Buffer.from('cf0000000100000000', 'hex'), 'f')).toBe(2 ** 32);
});

test('a body has to be a byte string', () => {
  expect(() => binarySpelling.readBody('text', 'f.body')).toThrow('f.body: is no byte string');
  expect(() => binarySpelling.readMessage({}, 'f')).toThrow('f.bytes: is no byte string');
});
