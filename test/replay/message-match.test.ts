import { describe, expect, test } from '@jest/globals';
import type { MessageMatch, RecordedMessage } from '../../src/exchange/interaction.ts';
import type { MessagePattern } from '../../src/replay/message-match.ts';
import { isOptional, matchesMessage } from '../../src/replay/message-match.ts';
import { createStandIns } from '../../src/replay/stand-ins.ts';
import { parseJsonPath } from '../../src/support/json-path.ts';
import { createPattern } from '../../src/support/pattern.ts';

const path = (text: string, value?: string): MessagePattern => ({
  path: parseJsonPath(text),
  ...(value === undefined ? {} : { value }),
});
const regex = (text: string): MessagePattern => ({ pattern: createPattern(text) });

interface Given {
  readonly match?: MessageMatch;
  readonly ignore?: readonly MessagePattern[];
  readonly kinds?: readonly [RecordedMessage['kind'], RecordedMessage['kind']];
}

/** Whether the second text is taken for the first, and what a server's text becomes by that. */
function compare(
  recorded: string,
  live: string,
  { match, ignore = [], kinds = ['text', 'text'] }: Given = {},
): { fits: boolean; says: (text: string) => string } {
  const standIns = createStandIns({ tokens: new Map() });
  const trial = () => standIns.trial({ recordedAt: 0, given: () => false, echoed: () => false });
  const expected: RecordedMessage = {
    from: 'client',
    atMs: 1,
    kind: kinds[0],
    bytes: Buffer.from(recorded),
    ...(match === undefined ? {} : { match }),
  };
  const got = { kind: kinds[1], bytes: Buffer.from(live) };
  return { fits: matchesMessage(expected, got, { ignore, trial }), says: standIns.applyTo };
}

const [one, other] = [1, 2].map((n) => `${n}0000000-0000-4000-8000-000000000000`) as [
  string,
  string,
];

describe('is as recorded', () => {
  test.each<[string, string, string, Given]>([
    ['the same', 'a', 'a', {}],
    ['the same bytes', '\u0000\u0001', '\u0000\u0001', { kinds: ['binary', 'binary'] }],
    ['JSON in another order', '{"a":1,"b":"x"}', '{ "b": "x", "a": 1 }', {}],
    ['another id of the client', `{"id":"${one}"}`, `{"id":"${other}"}`, {}],
    ['another id in a text', `SEND ${one}`, `SEND ${other}`, {}],
    ['an ignored path', '{"n":1,"a":2}', '{"n":2,"a":2}', { ignore: [path('$.n')] }],
    ['what a regular expression ignores', 'n=1;a', 'n=22;a', { ignore: [regex('n=\\d+')] }],
    ['anything', 'a', 'b', { match: 'any', kinds: ['text', 'binary'] }],
    ['what an expression is found in', 'a', 'say 42', { match: { regex: '^say \\d+$' } }],
    ['the JSON by hand', '{}', '{"a":[1]}', { match: { json: { a: [1] } } }],
    [
      'the JSON by hand, but for a path',
      '{}',
      '{"a":1,"b":2}',
      { match: { json: { a: 1 }, ignore: ['$.b'] } },
    ],
    ['the recorded JSON, but for a path', '{"a":1}', '{"a":2}', { match: { ignore: ['$.a'] } }],
  ])('%s', (...[, recorded, live, given]) => {
    expect(compare(recorded, live, given).fits).toBe(true);
  });
});

describe('is another message', () => {
  test.each<[string, string, string, Given]>([
    ['another text', 'a', 'b', {}],
    ['another kind', 'a', 'a', { kinds: ['text', 'binary'] }],
    ['other bytes, JSON or not', '{"a":1}', '{ "a":1}', { kinds: ['binary', 'binary'] }],
    ['another value', '{"a":1}', '{"a":2}', { ignore: [path('$.b')] }],
    ['a path ignored elsewhere', '{"a":{"n":1}}', '{"a":{"n":2}}', { ignore: [path('$.n')] }],
    ['a text for JSON', '{"a":1}', 'a', { match: { json: { a: 1 } } }],
    ['what an expression is not found in', 'a', 'say x', { match: { regex: '^say \\d+$' } }],
    ['a ping for an expression', 'a', 'a', { match: { regex: 'a' }, kinds: ['text', 'ping'] }],
  ])('%s', (...[, recorded, live, given]) => {
    expect(compare(recorded, live, given).fits).toBe(false);
  });
});

test('what differed stands in from then on, in an ignored member too', () => {
  const { says } = compare(`{"id":"1","uuid":"${one}"}`, `{"id":"7","uuid":"${other}"}`, {
    ignore: [path('$.id')],
  });
  expect(says(`{"id":"1","for":"${one}","n":"1"}`)).toBe(`{"id":"7","for":"${other}","n":"1"}`);
});

test('what did not fit leaves nothing behind', () => {
  const { fits, says } = compare(`{"id":"${one}","a":1}`, `{"id":"${other}","a":2}`);
  expect([fits, says(one)]).toEqual([false, one]);
});

describe('may come or not', () => {
  const optional = [path('$.type', 'typing'), path('$..seen'), regex('^ping$'), path('$.n', '1')];
  const said = (text: string, kind: RecordedMessage['kind'] = 'text') =>
    isOptional({ kind, bytes: Buffer.from(text) }, { optional });

  test.each([
    '{"type":"typing","room":1}',
    '{"a":[{"seen":null}]}',
    'ping',
    '{"n":1}',
    '[{"seen":1}]',
  ])('%s', (text) => expect(said(text)).toBe(true));

  test.each(['{"type":"say"}', 'pinging', '{"n":2}', '{"type":{"typing":1}}', '"typing"'])(
    'not %s',
    (text) => expect(said(text)).toBe(false),
  );

  test('nothing that is no text', () => expect(said('ping', 'binary')).toBe(false));
});
