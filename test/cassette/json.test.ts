import { describe, expect, test } from '@jest/globals';
import { jsonBytesMax, jsonPieces, parseJson, tooLarge } from '../../src/cassette/json.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { sample } from './samples.ts';

async function* of<Item>(...items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

async function written(...items: readonly Interaction[]) {
  let text = '';
  const head = { name: 'a "name"', recordedAt: '2026-11-20T12:00:00.000Z', newer: false };
  for await (const piece of jsonPieces(head, of(...items))) text += piece;
  return text;
}

test('is indented, with each header on one line', async () => {
  const headers = [
    ['A', '1'],
    ['B', '"2"'],
  ] as const;
  const body = Buffer.from('{"headers":[],"b":["c","d"],"e":{}}');
  expect(await written(sample(0, { response: { headers, body } }))).toBe(`{
  "version": "2.0",
  "name": "a \\"name\\"",
  "recordedAt": "2026-11-20T12:00:00.000Z",
  "interactions": [
    {
      "id": "i-0",
      "kind": "http",
      "startedAt": "2026-11-20T12:00:00.000Z",
      "request": {
        "method": "GET",
        "url": "https://example.org/0",
        "httpVersion": "1.1",
        "headers": [
          ["Host", "example.org"]
        ]
      },
      "response": {
        "status": 200,
        "statusText": "OK",
        "httpVersion": "1.1",
        "headers": [
          ["A", "1"],
          ["B", "\\"2\\""]
        ],
        "body": {
          "json": {
            "headers": [],
            "b": [
              "c",
              "d"
            ],
            "e": {}
          }
        }
      },
      "timing": {
        "headMs": 1,
        "endMs": 2.5
      },
      "ending": {
        "type": "finished"
      }
    }
  ]
}
`);
});

test('is JSON with none, one and several interactions', async () => {
  for (const count of [0, 1, 3]) {
    const text = await written(...Array.from({ length: count }, (_, index) => sample(index)));
    expect(parseJson(Buffer.from(text), 'f')).toMatchObject({
      interactions: { length: count },
    });
  }
});

describe('what is broken is refused with the place', () => {
  test.each([
    ['cut', Buffer.from('{"é": [1,\n2'), 'f: breaks off at byte 12 (line 2)'],
    ['mistaken', Buffer.from('{"é": 1,\n}'), 'f: is no JSON at byte 10 (line 2)'],
    ['empty', Buffer.alloc(0), 'f: breaks off at byte 0 (line 1)'],
    ['no UTF-8', Buffer.from('{"é":"\xff"}', 'latin1'), 'f: is not UTF-8 at byte 2 (line 1)'],
    ['cut UTF-8', Buffer.from('["é').subarray(0, 3), 'f: is not UTF-8 at byte 2 (line 1)'],
    [
      'far from UTF-8',
      Buffer.concat([Buffer.from('€\n'.repeat(99)), Buffer.from([0xf0, 0x9f, 0x80, 0x41])]),
      'f: is not UTF-8 at byte 396 (line 100)',
    ],
  ])('%s', (_what, bytes, words) => {
    expect(() => parseJson(bytes, 'f')).toThrow(words);
    expect(() => parseJson(bytes, 'f')).toThrow(
      expect.objectContaining({ code: 'CASSETTE_CORRUPT' }),
    );
  });
});

test('a byte order mark in front is forgiven', () => {
  expect(parseJson(Buffer.from('\uFEFF{"a":1}'), 'f')).toEqual({ a: 1 });
  expect(() => parseJson(Buffer.from('\uFEFF{"a":}'), 'f')).toThrow('at byte 8');
});

test('more than a string can hold is refused, and MessagePack proposed', () => {
  expect(jsonBytesMax).toBeGreaterThan(500 * 2 ** 20);
  expect(tooLarge('f').message).toMatch(/512 MiB.*MAGNETO_CASSETTE_FORMAT=msgpack/);
});
