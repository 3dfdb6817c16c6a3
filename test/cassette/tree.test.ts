import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { binarySpelling } from '../../src/cassette/msgpack.ts';
import { fromTree, toTree } from '../../src/cassette/tree.ts';
import { noStored } from './folder.ts';
import { interaction, sample } from './samples.ts';

const read = (tree: unknown) =>
  fromTree(tree, {
    where: 'f: interactions[0]',
    sequence: 0,
    spelling: binarySpelling,
    stored: noStored,
  });

test('any interaction comes back from plain objects', () => {
  fc.assert(
    fc.property(interaction, (one) => {
      expect(read(toTree(one, binarySpelling))).toEqual(one);
    }),
  );
});

test('the address that was dialled and the sequence are left out: they change from run to run', () => {
  const { destination } = sample(0).request;
  const dialled = sample(7, { request: { destination: { ...destination, address: '10.0.0.1' } } });
  const tree = toTree(dialled, binarySpelling);
  expect(JSON.stringify(tree)).not.toContain('10.0.0.1');
  expect(tree).not.toHaveProperty('sequence');
  expect(read(tree).request.destination).toEqual(destination);
});

test('members that nobody knows are passed over', () => {
  const one = sample(0);
  const tree = { ...toTree(one, binarySpelling), note: 'by hand' };
  expect(read(tree)).toEqual(one);
});

describe('a fault is named by its place', () => {
  const tree = toTree(sample(0), binarySpelling);
  const request = Object(tree['request']) as object;
  const response = Object(tree['response']) as object;
  test.each([
    ['text', 'f: interactions[0]: is no object'],
    [{ ...tree, id: 1 }, 'f: interactions[0].id: is no text'],
    [{ ...tree, kind: 'ftp' }, 'f: interactions[0].kind: is none of'],
    [{ ...tree, request: undefined }, '.request: is no object'],
    [{ ...tree, request: { ...request, url: 'a' } }, '.request.url: is no URL of http'],
    [{ ...tree, request: { ...request, headers: {} } }, '.request.headers: is no list'],
    [{ ...tree, request: { ...request, body: 'x' } }, '.request.body: is no byte string'],
    [{ ...tree, response: { ...response, status: '200' } }, '.response.status: is no number'],
    [{ ...tree, response: { ...response, informational: [1] } }, '.informational[0]: is no object'],
    [{ ...tree, messages: [{ from: 'nobody' }] }, '.messages[0].from: is none of client, server'],
    [{ ...tree, timing: {} }, '.timing.endMs: is no number'],
    [{ ...tree, ending: { type: 'lost' } }, '.ending.type: is none of finished'],
    [{ ...tree, ending: { type: 'cut' } }, '.ending.by: is none of'],
    [{ ...tree, ending: { type: 'dns' } }, '.ending.code: is no text'],
  ])('case %#', (broken, words) => expect(() => read(broken)).toThrow(words));
});
