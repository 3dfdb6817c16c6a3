import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import type { MessageTypes } from '../../src/cassette/decoded.ts';
import { withDecoded, withEdits } from '../../src/cassette/decoded.ts';
import { jsonSpelling } from '../../src/cassette/json-spelling.ts';
import { noStored } from './folder.ts';
import { fromTree, toTree } from '../../src/cassette/tree.ts';
import type { Interaction, RecordedMessage } from '../../src/exchange/interaction.ts';
import { withLength } from '../../src/support/protobuf-wire.ts';

/** A field of text numbered 1, which its type calls `text`. */
const hello = withLength(1, Buffer.from('hello'));
const types: MessageTypes = {
  typeOf: (path, side) =>
    path === '/a.B/C' && side === 'client'
      ? {
          name: 'a.Said',
          decode: (bytes) =>
            bytes.length < 2 ? undefined : { text: bytes.subarray(2).toString() },
          encode: (value) => {
            const { text } = Object(value) as { readonly text: unknown };
            if (typeof text !== 'string') throw new Error('text: string expected');
            return withLength(1, Buffer.from(text));
          },
        }
      : undefined,
};

function callOf(...messages: readonly RecordedMessage[]): Interaction {
  return {
    id: 'i0',
    kind: 'grpc',
    startedAt: '2026-01-01T00:00:00.000Z',
    sequence: 0,
    request: {
      method: 'POST',
      destination: { host: 'far.test', port: 80, secure: false },
      path: '/a.B/C',
      httpVersion: '2.0',
      headers: [['grpc-encoding', 'gzip']],
    },
    messages,
    timing: { endMs: 1 },
    ending: { type: 'cut', by: 'server' },
  };
}

function message(bytes: Buffer, changes: Partial<RecordedMessage> = {}): RecordedMessage {
  return { from: 'client', atMs: 0, kind: 'message', bytes, ...changes };
}

const spelling = jsonSpelling(() => undefined);

/** The messages of a call as a cassette of JSON has them. */
function shown(known: MessageTypes | undefined, ...messages: readonly RecordedMessage[]) {
  const call = callOf(...messages);
  return withDecoded(toTree(call, spelling), call, known)['messages'];
}

test('a message is shown by its type beside its bytes, where one is known', () => {
  const base64 = hello.toString('base64');
  const from = { atMs: 0, kind: 'message', base64 };
  expect(shown(types, message(hello), message(hello, { from: 'server' }))).toEqual([
    { from: 'client', ...from, type: 'a.Said', decoded: { text: 'hello' } },
    { from: 'server', ...from, fields: { 1: 'hello' } },
  ]);
  expect(shown(undefined, message(hello))).toEqual([
    { from: 'client', ...from, fields: { 1: 'hello' } },
  ]);
});

test('a compressed message is shown as what was compressed', () => {
  const packed = message(gzipSync(hello), { compressed: true });
  expect(shown(types, packed)).toMatchObject([{ compressed: true, decoded: { text: 'hello' } }]);
  const odd = message(hello, { compressed: true });
  expect(shown(types, odd)).toEqual([expect.not.objectContaining({ decoded: expect.anything() })]);
});

test('what is large, no message, JSON or an end is not shown twice', () => {
  const large = withLength(1, Buffer.alloc(70_000));
  const json = Buffer.from('{"a":1}');
  const all = [
    message(large),
    message(Buffer.from([0xff])),
    message(json),
    message(hello, { kind: 'data' }),
    message(Buffer.alloc(0), { kind: 'end' }),
  ];
  const trees = shown(undefined, ...all);
  expect(trees).toEqual(all.map(() => expect.not.objectContaining({ fields: expect.anything() })));
  expect(trees).toMatchObject([{}, {}, { text: '{"a":1}' }, {}, { kind: 'end' }]);
});

test('other interactions are left alone', () => {
  const other: Interaction = { ...callOf(message(hello)), kind: 'stream' };
  const tree = toTree(other, spelling);
  expect(withDecoded(tree, other, types)).toBe(tree);
  expect(withEdits(other, tree, { where: 'f', types, warn: () => {} })).toBe(other);
});

function edited(decoded: unknown, known: MessageTypes | undefined = types) {
  const lines: string[] = [];
  const packed = message(gzipSync(hello), { compressed: true });
  const [tree] = [toTree(callOf(packed), spelling)];
  const messages = [{ ...(tree['messages'] as object[])[0], decoded }];
  const changed = { ...tree, messages };
  const read = fromTree(changed, { where: 'f', sequence: 0, spelling, stored: noStored });
  const editing = { where: 'f', types: known, warn: (line: string) => void lines.push(line) };
  return { read: withEdits(read, changed, editing).messages?.[0], packed, lines };
}

test('the bytes count, unless the decoded form was edited and its type is known', () => {
  const same = edited({ text: 'hello' });
  expect(same.read).toEqual(same.packed);
  expect(same.lines).toEqual([]);
  const other = edited({ text: 'bye' });
  expect(other.read).toEqual(message(withLength(1, Buffer.from('bye'))));
  expect(other.lines).toEqual([
    'f.messages[0].decoded: edited by hand; it counts, and is encoded anew',
  ]);
  const unknown = edited({ text: 'bye' }, { typeOf: () => undefined });
  expect(unknown.read).toEqual(unknown.packed);
  expect(unknown.lines).toEqual([]);
});

test('an edit that is no such message is told with its place', () => {
  expect(() => edited({ text: 7 })).toThrow(
    'f.messages[0].decoded: is no a.Said: text: string expected',
  );
});
