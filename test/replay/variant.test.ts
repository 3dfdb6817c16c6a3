import { describe, expect, test } from '@jest/globals';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { replay } from '../../src/replay/replay.ts';
import { createCursors } from '../../src/replay/cursors.ts';
import { createEnsemble } from '../../src/replay/ensemble.ts';
import { variantKey, variantOf } from '../../src/replay/variant.ts';
import { ask, interaction, read } from '../mode/harness.ts';
import { recordingOf } from '../mode/recordings.ts';

const conditional: Headers = [['If-None-Match', '"1"']];
const range = (bytes: string): Headers => [['Range', `bytes=${bytes}`]];

/** An interaction of a GET with these headers. */
function told(headers: Headers, status: number, text: string) {
  return interaction({ request: { headers }, response: { status, body: Buffer.from(text) } });
}

/** Asks one after another, and gives what each was answered. */
async function answers(recorded: readonly Interaction[], asks: readonly Headers[]) {
  const recording = recordingOf(...recorded);
  const cursors = createCursors(recording);
  const upstream = replay({
    recording,
    cursors,
    ensemble: createEnsemble(recording, cursors),
    strict: true,
    bodyBytesMax: 1000,
    onMismatch: () => {},
    onFailure: () => {},
  });
  const said: string[] = [];
  for (const headers of asks) {
    const given = await upstream.open(ask({ headers }).exchange);
    said.push(given.failure?.code ?? `${given.head?.status} ${await read(given.body)}`);
  }
  return said;
}

test('the usual request has no variant', () => {
  expect(variantOf({ method: 'GET', headers: [['Range-X', 'bytes=1-2']] })).toEqual({
    range: '',
    conditional: false,
  });
  // Ranges are of GET (RFC 9110, 14.2).
  expect(variantOf({ method: 'POST', headers: range('0-1') })).toEqual({
    range: '',
    conditional: false,
  });
  expect(variantKey(variantOf({ method: 'GET', headers: [] }))).toBe('');
});

test('spelling does not count, the version does', () => {
  const one = variantOf({ method: 'GET', headers: [['range', 'Bytes = 0-1']] });
  expect(one).toEqual(variantOf({ method: 'GET', headers: range('0-1') }));
  expect(variantKey(one)).not.toBe(
    variantKey(variantOf({ method: 'GET', headers: [...range('0-1'), ['If-Range', '"1"']] })),
  );
});

describe('ranges', () => {
  const recorded = [
    told(range('0-1'), 206, 'ab'),
    told(range('2-3'), 206, 'cd'),
    told(range('0-1'), 206, 'AB'),
    told([], 200, 'abcd'),
  ] as const;

  test('each has its own answers, in their order, whatever the order of asking', async () => {
    const asks = [range('2-3'), [], range('0-1'), range('0-1'), range('0-1')];
    expect(await answers([...recorded], asks)).toEqual([
      '206 cd',
      '200 abcd',
      '206 ab',
      '206 AB',
      '206 AB',
    ]);
  });

  test('one that nobody recorded is answered as a server may that does not cut', async () => {
    expect(await answers([...recorded], [range('1-2')])).toEqual(['200 abcd']);
  });

  test('half of something is no answer to who asked for all, or for another half', async () => {
    const halves = [told(range('0-1'), 206, 'ab'), told(range('9-'), 416, '')];
    expect(await answers(halves, [[], range('5-6')])).toEqual([
      'NO_MATCHING_INTERACTION',
      'NO_MATCHING_INTERACTION',
    ]);
  });

  test('a server that passed a range over has answered anybody', async () => {
    expect(await answers([told(range('0-1'), 200, 'all')], [[], range('3-4')])).toEqual([
      '200 all',
      '200 all',
    ]);
  });
});

describe('conditions', () => {
  test('with and without one are two sequences', async () => {
    const recorded = [
      told([], 200, 'v1'),
      told(conditional, 304, ''),
      told(conditional, 200, 'v2'),
    ];
    expect(await answers(recorded, [[], conditional, conditional, conditional])).toEqual([
      '200 v1',
      '304 ',
      '200 v2',
      '200 v2',
    ]);
  });

  test('who has nothing is not told that it has not changed', async () => {
    const recorded = [told(conditional, 304, ''), told(conditional, 200, 'v2')];
    expect(await answers(recorded, [[]])).toEqual(['200 v2']);
    expect(await answers([told(conditional, 304, '')], [[]])).toEqual(['NO_MATCHING_INTERACTION']);
  });

  test('who has something can be told all of it', async () => {
    expect(await answers([told([], 200, 'v1')], [conditional])).toEqual(['200 v1']);
  });
});
