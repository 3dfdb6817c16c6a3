import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import {
  maskPath,
  redacted,
  redactHeaders,
  redactInteraction,
} from '../../src/redaction/redaction.ts';

const canary = 'c4n4ry';

function full(secrets: Headers): Interaction {
  const head = { status: 103, statusText: 'Early Hints', httpVersion: '1.1', headers: secrets };
  return {
    id: 'a',
    kind: 'http',
    startedAt: '2026-11-20T12:00:00.000Z',
    sequence: 0,
    request: {
      method: 'GET',
      destination: { host: 'example.org', port: 443, secure: true },
      path: '/',
      httpVersion: '1.1',
      headers: secrets,
      trailers: secrets,
    },
    response: {
      status: 200,
      statusText: 'OK',
      httpVersion: '1.1',
      headers: secrets,
      informational: [{ atMs: 1, head }],
    },
    timing: { headMs: 1, endMs: 2 },
    ending: { type: 'finished', trailers: secrets },
  };
}

describe('headers', () => {
  test.each(['Authorization', 'PROXY-AUTHORIZATION', 'x-api-key', 'Cookie'])(
    'the whole value of %s goes',
    (name) => {
      expect(redactHeaders([[name, `Bearer ${canary}`]])).toEqual([[name, redacted]]);
    },
  );

  test.each([
    ['sid=c4n4ry; Path=/; HttpOnly', 'sid=[FILTERED]; Path=/; HttpOnly'],
    ['sid=c4n4ry', 'sid=[FILTERED]'],
    ['sid=', 'sid=[FILTERED]'],
    ['sid="c4n=4ry==" ;Secure', 'sid=[FILTERED];Secure'],
    ['c4n4ry', '[FILTERED]'],
    ['=c4n4ry; path=/', '=[FILTERED]; path=/'],
    [
      'a=c4n4ry; Expires=Wed, 21 Oct 2026 07:28:00 GMT; SameSite=Lax',
      'a=[FILTERED]; Expires=Wed, 21 Oct 2026 07:28:00 GMT; SameSite=Lax',
    ],
    ['a=1; Path=/, b=c4n4ry; Secure', 'a=[FILTERED]; Path=/, b=[FILTERED]; Secure'],
    ['a=1, b=c4n4ry; Secure', 'a=[FILTERED]; Secure'],
    ['a=1; token=c4n4ry', 'a=[FILTERED]; token=[FILTERED]'],
  ])('of the cookie %s only the value goes', (value, expected) => {
    expect(redactHeaders([['Set-Cookie', value]])).toEqual([['Set-Cookie', expected]]);
  });

  test('others stay, in order, case and repetition', () => {
    const headers: Headers = [
      ['Set-Cookie', 'a=1'],
      ['X-A', 'b'],
      ['set-cookie', 'c=2'],
      ['x-a', 'b'],
    ];
    expect(redactHeaders(headers)).toEqual([
      ['Set-Cookie', 'a=[FILTERED]'],
      ['X-A', 'b'],
      ['set-cookie', 'c=[FILTERED]'],
      ['x-a', 'b'],
    ]);
  });

  test('without a secret nothing is copied', () => {
    const headers: Headers = [['Accept', '*/*']];
    expect(redactHeaders(headers)).toBe(headers);
  });
});

describe('an interaction', () => {
  const secrets: Headers = [
    ['Authorization', `Bearer ${canary}`],
    ['Cookie', `sid=${canary}`],
    ['Set-Cookie', `sid=${canary}; Path=/`],
    ['X-Api-Key', canary],
    ['Proxy-Authorization', canary],
  ];

  test('holds no secret in any of its six places', () => {
    const text = JSON.stringify(redactInteraction(full(secrets)));
    expect(text).not.toContain(canary);
    expect(text.split(redacted)).toHaveLength(5 * 5 + 1);
  });

  test('is left alone, and as it was given', () => {
    const given = full(secrets);
    redactInteraction(given);
    expect(given).toEqual(full(secrets));
  });

  test('that ended otherwise keeps its ending, and gains no members', () => {
    const { response: _, ...rest } = full([]);
    const refused: Interaction = { ...rest, ending: { type: 'refused' } };
    expect(redactInteraction(refused)).toEqual(refused);
    expect(Object.keys(redactInteraction(refused))).toEqual(Object.keys(refused));
  });

  test('twice is once', () => {
    const name = fc.constantFrom('set-cookie', 'Cookie', 'authorization', 'Accept');
    const headers = fc.array(fc.tuple(name, fc.string()));
    fc.assert(
      fc.property(headers, (some) => {
        const once = redactInteraction(full(some));
        expect(redactInteraction(once)).toEqual(once);
      }),
    );
  });
});

test.each([
  ['/a', '/a'],
  ['/a?', '/a?'],
  ['/a?key=secret&b=c=d&flag', '/a?key=…&b=…&flag'],
  ['/a=b?c=', '/a=b?c=…'],
])('the log shows %s as %s', (path, masked) => {
  expect(maskPath(path)).toBe(masked);
});
