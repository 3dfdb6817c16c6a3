import { describe, expect, test } from '@jest/globals';
import { createWordStandIns, wordAt } from '../../src/replay/word-stand-ins.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const [one, other] = ['AbCdEfGhIjKlMnOpQrStUv', 'zYxWvUtSrQpOnMlKjIhGfE'];
const [uuid, another] = [
  '7d444840-9dc0-11d1-b245-5ffdce74fad2',
  'e902893a-9d22-3c7e-a7b8-d6e313b71d9f',
];

describe('what a client made up', () => {
  test.each([
    ['a UUID', `GET ${uuid}`, `GET ${another}`],
    ['a long word of both cases', `a ${one}.`, `a ${other}.`],
    ['a token of letters and digits', 'token=abc123def456abc7;', 'token=def456abc123def4;'],
    ['the inbox of a NATS client', 'PUB x _INBOX.abcd.e1f2', 'PUB x _INBOX.dcba.f2e1'],
  ])('%s may be another one', (_what, recorded, got) => {
    const standIns = createWordStandIns();
    expect(standIns.same(bytes(recorded), bytes(got))).toBe(true);
    // It is put into what the server says, and it alone.
    expect(standIns.put(bytes(`1 ${recorded} 2`)).toString()).toBe(`1 ${got} 2`);
  });

  test.each([
    ['another word', 'GET name', 'GET none'],
    ['another number', 'SET n 12345678', 'SET n 12345679'],
    ['a made-up word of another length', `GET ${one}`, `GET ${other}x`],
    ['other signs', 'a,b', 'a;b'],
    ['a sign within the word', `GET ${one}`, `GET ${other.slice(0, -1)}!`],
  ])('is not %s', (_what, recorded, got) => {
    expect(createWordStandIns().same(bytes(recorded), bytes(got))).toBe(false);
  });

  test('stands for one thing as long as the connection lasts', () => {
    const standIns = createWordStandIns();
    expect(standIns.same(bytes(one), bytes(other))).toBe(true);
    expect(standIns.same(bytes(one), bytes(other))).toBe(true);
    expect(standIns.same(bytes(one), bytes(other.toLowerCase()))).toBe(false);
  });
});

test('bytes in which nothing was made up are handed back as they are', () => {
  const standIns = createWordStandIns();
  const said = bytes('\x00\xffword');
  expect(standIns.put(said)).toBe(said);
  standIns.same(bytes(one), bytes(other));
  expect(standIns.put(said)).toBe(said);
});

test('a word is found around a place', () => {
  expect(wordAt(bytes('a some-word_1.'), 4)).toMatchObject({
    text: 'some-word_1',
    from: 2,
    to: 13,
  });
  expect(wordAt(bytes('a b'), 1)).toBeUndefined();
  expect(wordAt(bytes('x'.repeat(1000)), 500)).toBeUndefined();
});
