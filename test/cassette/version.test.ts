import { expect, test } from '@jest/globals';
import { binarySpelling } from '../../src/cassette/msgpack.ts';
import { toTree } from '../../src/cassette/tree.ts';
import { treeNeedsNewer, versionWords } from '../../src/cassette/version.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { sample, streamRequest } from './samples.ts';

const stored = { sha256: 'a'.repeat(64), bytes: 3, read: () => unread() };
const plain = sample(0, { request: { body: Buffer.from('x') } });
const { destination } = plain.request;

function unread(): never {
  throw new Error('not read');
}

test.each<[string, Partial<Interaction>, '2.0' | '2.1']>([
  ['what was always there', {}, '2.0'],
  ['no answer', { ending: { type: 'reset', by: 'server' } }, '2.0'],
  ['the pieces of a body', { response: { ...headOf(plain), chunks: [] } }, '2.0'],
  ['a gRPC call', { kind: 'grpc', messages: [] }, '2.1'],
  ['a raw stream', { kind: 'stream', request: streamRequest(destination) }, '2.1'],
  ['an upgrade, and what followed it', { messages: [] }, '2.1'],
  ['a recording that stopped early', { truncated: 'size' }, '2.1'],
  ['a server that went away', { ending: { type: 'goaway', code: 0 } }, '2.1'],
  ['a request whose body is in a file', { request: { ...plain.request, stored } }, '2.1'],
  ['a response whose body is in a file', { response: { ...headOf(plain), stored } }, '2.1'],
])('%s', (_what, parts, version) => {
  const tree = toTree({ ...plain, ...parts }, binarySpelling);
  expect(versionWords(treeNeedsNewer(tree))).toBe(version);
});

function headOf({ response }: Interaction) {
  const { status, statusText, httpVersion, headers } = response ?? {
    status: 0,
    statusText: '',
    httpVersion: '',
    headers: [],
  };
  return { status, statusText, httpVersion, headers };
}
