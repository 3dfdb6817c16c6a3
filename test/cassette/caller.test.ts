import { expect, test } from '@jest/globals';
import { callerDigest, callerOf, lasting } from '../../src/cassette/caller.ts';

const jwt = (claims: object): string =>
  `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

test('callers are told apart by four digits of each credential, and by nothing that is one', () => {
  const caller = callerOf([
    ['Authorization', 'Bearer ann-secret'],
    ['X-API-Key', 'key'],
    ['Cookie', 'sid=abc; theme=dark'],
    ['Cookie', 'other=x=y; broken'],
    ['Host', 'far.test'],
  ]);
  expect(caller).toEqual({
    authorization: callerDigest('authorization', 'Bearer ann-secret'),
    'x-api-key': callerDigest('x-api-key', 'key'),
    'cookie.sid': callerDigest('cookie.sid', 'abc'),
    'cookie.theme': callerDigest('cookie.theme', 'dark'),
    'cookie.other': callerDigest('cookie.other', 'x=y'),
  });
  for (const digits of Object.values(caller ?? {})) expect(digits).toMatch(/^[\da-f]{4}$/);
  expect(callerDigest('authorization', 'Bearer bob-secret')).not.toBe(caller?.['authorization']);
});

test('who sends none has none', () => expect(callerOf([['Host', 'far.test']])).toBeUndefined());

test('of many cookies the first count', () => {
  const line = Array.from({ length: 40 }, (_, n) => `c${n}=${n}`).join('; ');
  expect(Object.keys(callerOf([['Cookie', line]]) ?? {})).toHaveLength(16);
});

test('a token that is signed anew is of the same caller', () => {
  const [one, other] = [1, 2].map((iat) => `Bearer ${jwt({ sub: 'ann', iat })}`) as [
    string,
    string,
  ];
  expect(callerDigest('authorization', one)).toBe(callerDigest('authorization', other));
  expect(lasting(one)).not.toBe(lasting(`Bearer ${jwt({ sub: 'bob', iat: 1 })}`));
  expect(lasting('plain')).toBe('plain');
});
