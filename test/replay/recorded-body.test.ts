import { describe, expect, test } from '@jest/globals';
import { finished } from '../../src/exchange/conversation.ts';
import type { Body, Ending, Part } from '../../src/exchange/conversation.ts';
import type { Interaction, StoredBody } from '../../src/exchange/interaction.ts';
import { recordedBody } from '../../src/replay/recorded-body.ts';
import { interaction } from '../mode/harness.ts';

/** A body in a file, read in pieces of so many bytes. */
function stored(text: string, step: number): StoredBody {
  return {
    sha256: '00',
    bytes: text.length,
    async *read() {
      for (let at = 0; at < text.length; at += step) yield Buffer.from(text.slice(at, at + step));
    },
  };
}

async function partsOf(body: Body): Promise<readonly Part[]> {
  if (body === undefined || Buffer.isBuffer(body)) throw new Error('not in parts');
  const all: Part[] = [];
  for await (const one of body) all.push(one);
  return all;
}

const split = async (body: Body): Promise<readonly string[]> =>
  (await partsOf(body)).map(({ bytes }) => bytes.toString());

const chunks = [
  { atMs: 15, bytes: 2 },
  { atMs: 40, bytes: 1 },
  { atMs: 45, bytes: 3 },
];
const timing = { headMs: 10, endMs: 100 };

describe('split points', () => {
  test('are those of the recording, each with its pause, and one before the end', async () => {
    const one = interaction({ response: { body: Buffer.from('abcdef'), chunks }, timing });
    const given = recordedBody(one);
    expect(given).toMatchObject({ ending: finished, streamed: true, endDelayMs: 55 });
    expect(await partsOf(given.body)).toEqual([
      { atMs: 15, kind: 'data', bytes: Buffer.from('ab'), delayMs: 5 },
      { atMs: 40, kind: 'data', bytes: Buffer.from('c'), delayMs: 25 },
      { atMs: 45, kind: 'data', bytes: Buffer.from('def'), delayMs: 5 },
    ]);
  });

  test.each([1, 2, 4, 6])('are found in a file read in pieces of %i', async (step) => {
    const given = recordedBody(
      interaction({ response: { stored: stored('abcdef', step), chunks }, timing }),
    );
    const all = await partsOf(given.body);
    expect(all.map(({ bytes }) => bytes.toString()).join('')).toBe('abcdef');
    // A piece waits once, however its file was read.
    expect(all.filter(({ delayMs }) => delayMs !== undefined).map(({ atMs }) => atMs)).toEqual([
      15, 40, 45,
    ]);
    for (const at of [2, 3]) {
      const ends = all.map((_one, place) =>
        all.slice(0, place + 1).reduce((sum, { bytes }) => sum + bytes.length, 0),
      );
      expect(ends).toContain(at);
    }
  });

  test.each([
    ['longer: the last piece has the rest', 'abcdefgh', ['ab', 'c', 'defgh']],
    ['shorter: the last pieces are missing', 'abc', ['ab', 'c']],
    ['shorter than its first piece', 'a', ['a']],
    ['empty', '', []],
  ])('of a body edited by hand: %s', async (_how, text, expected) => {
    const given = recordedBody(
      interaction({ response: { body: Buffer.from(text), chunks }, timing }),
    );
    expect(await split(given.body)).toEqual(expected);
  });
});

describe('what is not whole is cut at the same place', () => {
  test.each<[string, Partial<Interaction>, Ending]>([
    ['by the server', { ending: { type: 'cut', by: 'server' } }, { type: 'cut', by: 'server' }],
    ['by a reset', { ending: { type: 'reset', by: 'server' } }, { type: 'reset', by: 'server' }],
    [
      'by a cap, whatever its ending says',
      { truncated: 'size', ending: finished },
      { type: 'cut', by: 'server' },
    ],
    ['by the end of magneto', { truncated: 'killed' }, { type: 'cut', by: 'server' }],
  ])('%s', async (_how, changes, ending) => {
    for (const response of [
      { body: Buffer.from('abcdef') },
      { body: Buffer.from('abcdef'), chunks },
      { stored: stored('abcdef', 4) },
    ]) {
      const given = recordedBody(interaction({ ...changes, response, timing }));
      expect(given.ending).toEqual(ending);
      expect(given.truncated).toBe(changes.truncated);
      expect((await split(given.body)).join('')).toBe('abcdef');
    }
  });

  test('without a body there is nothing before the cut', () => {
    expect(recordedBody(interaction({ truncated: 'killed' }))).toEqual({
      body: undefined,
      ending: { type: 'cut', by: 'server' },
      truncated: 'killed',
    });
  });
});

test('a large body takes its time spread over its bytes, in steps that a clock can tell', async () => {
  const given = recordedBody(
    interaction({
      response: { stored: stored('x'.repeat(100), 1) },
      timing: { headMs: 0, endMs: 200 },
    }),
  );
  const waits = (await partsOf(given.body)).flatMap(({ delayMs }) => delayMs ?? []);
  expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(200);
  expect(waits.length).toBeLessThanOrEqual(21);
  expect(waits.length).toBeGreaterThan(10);
});
