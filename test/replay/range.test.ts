import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Interaction, RecordedResponse } from '../../src/exchange/interaction.ts';
import { cutRange } from '../../src/replay/range.ts';
import { interaction, read } from '../mode/harness.ts';

const whole: Headers = [
  ['Accept-Ranges', 'bytes'],
  ['ETag', '"1"'],
  ['Content-Type', 'audio/mpeg'],
  ['Content-Length', '10'],
];
const text = '0123456789';

function recorded(response: Partial<RecordedResponse> = {}, changes: Partial<Interaction> = {}) {
  const { request: _request, response: _response, ...rest } = changes;
  return interaction({
    ...rest,
    response: { headers: whole, body: Buffer.from(text), ...response },
  });
}

const asked = (range: string, more: Headers = []): Headers => [['Range', range], ...more];

async function cut(one: Interaction, headers: Headers) {
  const given = cutRange(one, headers);
  if (given === undefined) return undefined;
  const field = (name: string) => given.head?.headers.find(([own]) => own === name)?.[1];
  return [
    given.head?.status,
    field('Content-Range'),
    field('Content-Length'),
    await read(given.body),
  ];
}

describe('a range is cut out of a whole answer', () => {
  test.each([
    ['bytes=0-3', 206, 'bytes 0-3/10', '4', '0123'],
    ['bytes=8-', 206, 'bytes 8-9/10', '2', '89'],
    ['bytes=-3', 206, 'bytes 7-9/10', '3', '789'],
    ['bytes=-99', 206, 'bytes 0-9/10', '10', text],
    ['bytes=5-99', 206, 'bytes 5-9/10', '5', '56789'],
    [' Bytes = 9 - 9 ', 206, 'bytes 9-9/10', '1', '9'],
    ['bytes=10-', 416, 'bytes */10', '0', ''],
    ['bytes=-0', 416, 'bytes */10', '0', ''],
  ])('%s', async (range, ...expected) => {
    expect(await cut(recorded(), asked(range))).toEqual(expected);
  });

  test('with the rest of its head, and what it was cut from', () => {
    const given = cutRange(recorded(), asked('bytes=0-0'));
    expect(given?.head?.headers).toEqual([
      ['Accept-Ranges', 'bytes'],
      ['ETag', '"1"'],
      ['Content-Type', 'audio/mpeg'],
      ['Content-Range', 'bytes 0-0/10'],
      ['Content-Length', '1'],
    ]);
    expect(given).toMatchObject({
      interaction: 'i0',
      outcome: 'replayed',
      range: 'cut',
      delayMs: 1,
    });
  });

  test('whatever pieces its file is read in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(9),
        fc.nat(9),
        fc.integer({ min: 1, max: 12 }),
        async (a, b, step) => {
          const [first, last] = a < b ? [a, b] : [b, a];
          const stored = {
            sha256: '',
            bytes: 10,
            async *read() {
              for (let at = 0; at < 10; at += step) yield Buffer.from(text.slice(at, at + step));
            },
          };
          const { body: _body, ...head } = recorded().response ?? { body: undefined };
          const one = { ...recorded(), response: { ...head, stored } as RecordedResponse };
          const given = cutRange(one, asked(`bytes=${first}-${last}`));
          expect(await read(given?.body)).toBe(text.slice(first, last + 1));
        },
      ),
    );
  });
});

describe('a range is cut out of a longer range', () => {
  const half = recorded({
    status: 206,
    headers: [
      ['ETag', '"1"'],
      ['Content-Range', 'bytes 4-9/10'],
      ['Content-Length', '6'],
    ],
    body: Buffer.from('456789'),
  });

  test.each([
    ['bytes=5-6', [206, 'bytes 5-6/10', '2', '56']],
    ['bytes=-2', [206, 'bytes 8-9/10', '2', '89']],
    ['bytes=3-6', undefined],
    ['bytes=0-', undefined],
    ['bytes=12-', [416, 'bytes */10', '0', '']],
  ])('%s', async (range, expected) => {
    expect(await cut(half, asked(range))).toEqual(expected);
  });
});

test.each<[string, Interaction, Headers]>([
  ['several ranges', recorded(), asked('bytes=0-1,3-4')],
  ['another unit', recorded(), asked('pages=0-1')],
  ['nonsense', recorded(), asked('bytes=3-1')],
  ['no range', recorded(), []],
  ['another version', recorded(), asked('bytes=0-1', [['If-Range', '"2"']])],
  [
    'a weak validator',
    recorded({
      headers: [
        ['Accept-Ranges', 'bytes'],
        ['ETag', 'W/"1"'],
      ],
    }),
    asked('bytes=0-1'),
  ],
  ['no validator', recorded({ headers: [['Accept-Ranges', 'bytes']] }), asked('bytes=0-1')],
  ['a server that does not cut', recorded({ headers: [['ETag', '"1"']] }), asked('bytes=0-1')],
  [
    'an answer cut short',
    recorded({}, { ending: { type: 'cut', by: 'server' } }),
    asked('bytes=0-1'),
  ],
  ['a truncated recording', recorded({}, { truncated: 'size' }), asked('bytes=0-1')],
  ['another status', recorded({ status: 404 }), asked('bytes=0-1')],
])('nothing is cut: %s', (_why, one, headers) => {
  expect(cutRange(one, headers)).toBeUndefined();
});

test('the same version is cut, by tag or by date', () => {
  expect(cutRange(recorded(), asked('bytes=0-1', [['If-Range', '"1"']]))).toBeDefined();
  const dated = (date: string) =>
    recorded({
      headers: [
        ['Accept-Ranges', 'bytes'],
        ['Last-Modified', 'Sat, 21 Nov 2026 00:00:00 GMT'],
        ['Date', date],
      ],
    });
  expect(cutRange(dated('Sat, 21 Nov 2026 00:02:00 GMT'), asked('bytes=0-1'))).toBeDefined();
  // Changed within the second, perhaps: no strong validator (RFC 9110, 8.8.2.2).
  expect(cutRange(dated('Sat, 21 Nov 2026 00:00:01 GMT'), asked('bytes=0-1'))).toBeUndefined();
});
