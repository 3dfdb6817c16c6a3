import { describe, expect, test } from '@jest/globals';
import { jsonSpelling } from '../../src/cassette/json-spelling.ts';
import { binarySpelling } from '../../src/cassette/msgpack.ts';
import { bodyTree, readBody } from '../../src/cassette/tree-body.ts';
import type { StoredBody } from '../../src/exchange/interaction.ts';

const sha256 = 'a'.repeat(64);
const read = (): never => {
  throw new Error('not read');
};
const body: StoredBody = { sha256, bytes: 3, read };
const opened: string[] = [];
const context = {
  where: 'f: request',
  spelling: binarySpelling,
  stored: (reference: { readonly sha256: string; readonly bytes: number }, from: string) => {
    opened.push(from);
    return { ...reference, read };
  },
};

describe.each([
  ['JSON', jsonSpelling(() => undefined)],
  ['MessagePack', binarySpelling],
])('in %s', (_format, spelling) => {
  test('a body in a file is its name and its length, and is opened by them', () => {
    const tree = bodyTree({ stored: body, headers: [] }, 'server', spelling);
    expect(tree).toEqual({ body: { file: sha256, bytes: 3 } });
    const { stored } = readBody(tree, 'server', { ...context, spelling });
    expect(stored).toMatchObject({ sha256, bytes: 3 });
    expect(opened.pop()).toBe('server');
  });

  test('others are spelt, or absent', () => {
    const bytes = Buffer.from('{"file":"x"}');
    const tree = bodyTree({ body: bytes, headers: [] }, 'client', spelling);
    expect(readBody(tree, 'client', { ...context, spelling })).toEqual({ body: bytes });
    expect(bodyTree({ headers: [] }, 'client', spelling)).toEqual({});
    expect(readBody({}, 'client', { ...context, spelling })).toEqual({});
  });
});

test.each([
  [{ file: '../../etc/passwd', bytes: 3 }, 'is no SHA-256'],
  [{ file: 3, bytes: 3 }, 'is no SHA-256'],
  [{ file: sha256.toUpperCase(), bytes: 3 }, 'is no SHA-256'],
  [{ file: sha256 }, 'bytes'],
  [{ file: sha256, bytes: -1 }, 'is no length'],
  [{ file: sha256, bytes: 1.5 }, 'is no length'],
])('%j is refused', (reference, words) => {
  const reading = () => readBody({ body: reference }, 'client', context);
  expect(reading).toThrow(expect.objectContaining({ code: 'CASSETTE_CORRUPT' }));
  expect(reading).toThrow(words);
});
