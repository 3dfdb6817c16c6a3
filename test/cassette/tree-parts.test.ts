import { expect, test } from '@jest/globals';
import {
  chunksTree,
  messagesTree,
  readChunks,
  readMessages,
  readTruncated,
} from '../../src/cassette/tree-parts.ts';
import { binarySpelling } from '../../src/cassette/msgpack.ts';

test('the end of a side is spelt without bytes', () => {
  const end = { from: 'server', atMs: 2, kind: 'end', bytes: Buffer.alloc(0) } as const;
  const messages = messagesTree([end], binarySpelling);
  expect(messages).toEqual([{ from: 'server', atMs: 2, kind: 'end' }]);
  expect(readMessages({ messages }, 'f', binarySpelling)).toEqual([end]);
});

test('pieces of a body are pairs, and what is none is told of', () => {
  const chunks = [{ atMs: 1.5, bytes: 3 }];
  expect(chunksTree(chunks)).toEqual([[1.5, 3]]);
  expect(readChunks({ chunks: [[1.5, 3]] }, 'f')).toEqual({ chunks });
  expect(() => readChunks({ chunks: [[1, 2, 3]] }, 'f')).toThrow('f.chunks: has an entry');
});

test('why a recording stopped is one of three words', () => {
  expect(readTruncated({ truncated: 'killed' }, 'f')).toEqual({ truncated: 'killed' });
  expect(readTruncated({}, 'f')).toEqual({});
  expect(() => readTruncated({ truncated: 'tired' }, 'f')).toThrow('f.truncated: is none of');
});
