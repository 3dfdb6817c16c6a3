import { describe, expect, test } from '@jest/globals';
import { lookupTree, readLookup } from '../../src/cassette/lookup.ts';

const lookup = {
  name: 'api.test',
  type: 'A',
  code: 'NOERROR',
  addresses: ['10.0.0.1', '10.0.0.2'],
  ttl: 30,
};

test('a lookup is read as it was written', () => {
  const tree = lookupTree(lookup);
  expect(tree).toEqual({
    question: { name: 'api.test', type: 'A' },
    answer: { code: 'NOERROR', addresses: ['10.0.0.1', '10.0.0.2'], ttl: 30 },
  });
  const read = readLookup(tree, 'file');
  expect(read.lookup).toEqual(lookup);
  expect(read.request.destination).toEqual({ host: 'api.test', port: 53, secure: false });
});

describe('a lookup is refused', () => {
  const tree = lookupTree(lookup);
  test.each([
    [{ ...tree, question: undefined }, 'file.question'],
    [{ ...tree, question: { name: 'a' } }, 'file.question.type'],
    [{ ...tree, answer: [] }, 'file.answer'],
    [{ ...tree, answer: { ...lookup, addresses: '10.0.0.1' } }, 'file.answer.addresses'],
    [{ ...tree, answer: { ...lookup, addresses: [1] } }, 'file.answer.addresses'],
    [{ ...tree, answer: { ...lookup, ttl: '30' } }, 'file.answer.ttl'],
  ])('%# where it is no lookup', (broken, where) => {
    expect(() => readLookup(broken, 'file')).toThrow(`${where}: `);
  });
});
