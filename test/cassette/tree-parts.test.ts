import { describe, expect, test } from '@jest/globals';
import {
  chunksTree,
  messagesTree,
  readCaller,
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

describe('by what a message is compared', () => {
  const reading = (more: object) => {
    const messages = [{ from: 'client', atMs: 1, kind: 'text', bytes: Buffer.from('a'), ...more }];
    return readMessages({ messages }, 'f', binarySpelling);
  };

  test.each([
    { match: 'any' },
    { match: { regex: '^a+$' }, optional: true },
    { match: { json: { a: [1] }, ignore: ['$.b', '$..c'] } },
    { match: { ignore: ['$.b'] } },
  ])('%j is kept as it was written', (more) => {
    const read = reading(more);
    expect(read).toMatchObject([more]);
    expect(messagesTree(read ?? [], binarySpelling)).toMatchObject([more]);
  });

  test.each([
    ['all', 'is no object'],
    [{}, 'is none of "any"'],
    [{ regexp: 'a' }, 'is none of "any"'],
    [{ regex: 'a', json: {} }, 'is none of "any"'],
    [{ regex: '(' }, 'has "("'],
    [{ regex: 1 }, 'is no text'],
    [{ json: 1 }, 'is neither an object nor a list'],
    [{ ignore: ['id'] }, 'has "id"'],
    [{ ignore: [1] }, 'has ""'],
    [{ ignore: '$.a' }, 'is no list'],
  ])('%j is refused with its place', (match, words) => {
    expect(() => reading({ match })).toThrow(/^f\.messages\[0\]\.match/);
    expect(() => reading({ match })).toThrow(words);
  });
});

test('what tells callers apart is a text by each name', () => {
  expect(readCaller({ caller: { authorization: '3fa9' } }, 'f')).toEqual({
    caller: { authorization: '3fa9' },
  });
  expect(readCaller({}, 'f')).toEqual({});
  expect(() => readCaller({ caller: { authorization: 1 } }, 'f')).toThrow(
    'f.caller.authorization: is no text',
  );
});
