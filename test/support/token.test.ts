import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Shape } from '../../src/support/token.ts';
import { isOfShape, lastingClaims, timeOf, tokensOf } from '../../src/support/token.ts';

const jwt = (claims: object): string =>
  `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

/** The shape of a text that is one token. */
function shape(text: string): Shape {
  const tokens = tokensOf(text).filter((token) => token.text !== '');
  expect(tokens.map((token) => token.text)).toEqual([text]);
  return tokens[0]?.shape ?? 'literal';
}

describe('a program makes anew', () => {
  test.each([
    ['uuid', '550e8400-e29b-41d4-a716-446655440000'],
    ['jwt', jwt({ sub: 'ann' })],
    ['clock', '2026-11-21T01:02:03.456Z'],
    ['clock', '2026-11-21T01:02:03+01:00'],
    ['clock', '1795222923456'],
    ['clock', '1795222923'],
    ['random', '507f1f77bcf86cd799439011'],
    ['random', 'V1StGXR8_Z5jdHi6B-myT'],
    ['random', '01ARZ3NDEKTSV4RRFFQ69G5FAV'],
    ['random', 'tz4a98xxat96iws9zmbrgj3a'],
    ['short', 'k3j9x0q2m1a'],
    ['number', '1180943245678903296'],
  ] as const)('%s: %s', (is, text) => expect(shape(text)).toBe(is));
});

describe('a person writes', () => {
  test.each([
    'customer-settings-page-2',
    'customerSettingsPage2',
    'connection_init',
    'subscription-handler-v2',
    'MAX_CONNECTIONS_PER_HOST',
    'room-2026-11-main-hall',
    'aaaaaaaaaaaaaaaaaaaaaaaa',
    'hello-42',
    'password1',
    '20261121',
  ])('%s', (text) => expect(shape(text)).toBe('literal'));
});

test('tokens together are the text, whatever stands around them', () => {
  const id = randomUUID();
  const text = `42["say",{"room":"room-${id}","n":1,"at":1795222923456}] Grüße 🎷`;
  const tokens = tokensOf(text);
  expect(tokens.map((token) => token.text).join('')).toBe(text);
  expect(tokens.filter(({ shape: is }) => is !== 'literal')).toEqual([
    { text: id, shape: 'uuid' },
    { text: '1795222923456', shape: 'clock' },
  ]);
});

test('most ids of a common maker are recognised, and each is of the shape of the others', () => {
  const nano = (): string => randomBytes(16).toString('base64url').slice(0, 21);
  const one = tokensOf('V1StGXR8_Z5jdHi6B-myT').find(({ text }) => text !== '');
  for (let count = 0; count < 200; count += 1) {
    expect(one && isOfShape({ text: nano(), shape: 'literal' }, one)).toBe(true);
  }
});

describe('the shape of one is that of another', () => {
  const first = (text: string) =>
    tokensOf(text).find((token) => token.text !== '') ?? { text: '', shape: 'literal' };
  test.each([
    ['V1StGXR8_Z5jdHi6B-myT', 'abcdefghijklmnopqrstu', true],
    ['V1StGXR8_Z5jdHi6B-myT', 'abc', false],
    ['507f1f77bcf86cd799439011', '607f1f77bcf86cd79943901f', true],
    ['507f1f77bcf86cd799439011', '607F1F77bcf86cd79943901x', false],
    ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '01BX5ZZKBKACTAV9WEVGEMMVRZ', true],
    ['k3j9x0q2m1a', 'x0q2m1ak3', true],
    ['k3j9x0q2m1a', 'X0q2m1ak3', false],
    ['1180943245678903296', '1180943245678903297', true],
    ['1180943245678903296', '118094324567890329', false],
    ['1795222923', '2026-11-21T01:02:03Z', true],
    ['hello-42', 'hello-43', false],
  ])('%s, %s: %s', (recorded, live, is) => {
    expect(isOfShape(first(live), first(recorded))).toBe(is);
  });
});

test('times are read in whatever way they are written', () => {
  const at = Date.parse('2026-11-21T01:02:03Z');
  for (const text of ['2026-11-21T01:02:03Z', String(at), String(at / 1000)]) {
    expect(timeOf({ text, shape: 'clock' })).toBe(at);
  }
});

test('of a JWT what lasts is compared', () => {
  const [one, other] = [
    jwt({ sub: 'ann', iat: 1, jti: 'x' }),
    jwt({ jti: 'y', iat: 2, sub: 'ann' }),
  ];
  expect(lastingClaims({ text: one })).toBe(lastingClaims({ text: other }));
  expect(lastingClaims({ text: one })).not.toBe(lastingClaims({ text: jwt({ sub: 'bob' }) }));
  expect(lastingClaims({ text: 'eyJx.y.z' })).toBeUndefined();
});
