import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { realDisk } from '../../src/cassette/disk.ts';
import { bodiesIn } from '../../src/cassette/bodies.ts';
import { interactionReader, type LogContent, scanLog } from '../../src/cassette/log.ts';
import {
  beginFrame,
  endFrame,
  interactionFrame,
  logHeader,
} from '../../src/cassette/log-frames.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { inFolder, pathsOf } from './folder.ts';
import { sample } from './samples.ts';

const warn = (): void => undefined;
const begin = { name: 'c', startedAt: '2026-11-20T12:00:00.000Z', adds: false, base: '' };
const started = [logHeader, ...beginFrame(begin)];

/** What a log of some pieces holds, its interactions in the order of replay among it. */
async function scanned(...pieces: readonly Buffer[]) {
  let result: { content: LogContent; interactions: readonly Interaction[] } | undefined;
  await inFolder(async ({ path }) => {
    const log = join(path, 'c.wal');
    writeFileSync(log, Buffer.concat(pieces));
    const file = await realDisk.open(log, 'read');
    try {
      const content = await scanLog(file, log);
      const read = interactionReader(file, content, bodiesIn(path, { disk: realDisk, warn }));
      const interactions: Interaction[] = [];
      for (const entry of content.entries) interactions.push(await read(entry));
      result = { content, interactions };
    } finally {
      await file.close();
    }
  });
  if (result === undefined) throw new Error('nothing was scanned');
  return result;
}

test('holds its begin, its interactions in the order of their sequence, and its end', async () => {
  const frames = [2, 0, 1].flatMap((sequence) => interactionFrame(sample(sequence)));
  const { content, interactions } = await scanned(...started, ...frames, ...endFrame(3));
  expect(content).toMatchObject({ begin, ended: true });
  expect(content.soundBytes).toBe(content.bytes);
  expect(pathsOf(interactions)).toEqual(['/0', '/1', '/2']);
});

test('orders a run that went on after the one before it', async () => {
  const { interactions } = await scanned(
    ...started,
    ...interactionFrame(sample(5)),
    ...beginFrame({ ...begin, adds: true }),
    ...interactionFrame(sample(0, { id: 'later' })),
  );
  expect(interactions.map(({ id }) => id)).toEqual(['i-5', 'later']);
});

test('is read through a window, whatever the order and size of its interactions', async () => {
  const sizes = [3_000_000, 10, 700_000, 0, 400_000, 900_000, 20];
  const frames = sizes
    .map((size, index) => sample(sizes.length - index, { response: { body: Buffer.alloc(size) } }))
    .flatMap((one) => interactionFrame(one));
  const { interactions } = await scanned(...started, ...frames);
  expect(interactions.map(({ response }) => response?.body?.length)).toEqual(sizes.toReversed());
});

describe('ends at', () => {
  test.each([
    ['zeros, as after a loss of power', Buffer.alloc(64)],
    ['a length beyond the file', Buffer.from('7fffffff0000000000', 'hex')],
    ['another checksum', Buffer.from('0000000100000000c0', 'hex')],
    ['half a head', Buffer.from('0000', 'hex')],
  ])('%s', async (_what, tail) => {
    const sound = [...started, ...interactionFrame(sample(0))];
    const { content, interactions } = await scanned(...sound, tail, ...endFrame(1));
    expect(content.ended).toBe(false);
    expect(content.soundBytes).toBe(Buffer.concat(sound).length);
    expect(pathsOf(interactions)).toEqual(['/0']);
  });
});

test('has not begun where it breaks off in its header or its first record', async () => {
  const whole = Buffer.concat(started);
  for (let length = 0; length < whole.length; length += 1) {
    const { content } = await scanned(whole.subarray(0, length));
    expect(content.begin).toBeUndefined();
    expect(content.entries).toEqual([]);
  }
});

describe('is refused', () => {
  const later = Buffer.concat([logHeader.subarray(0, 7), Buffer.from([2])]);
  test.each([
    ['where it is something else', [Buffer.from('{"version"')], 'CASSETTE_CORRUPT', 'at byte 0'],
    ['in another framing', [later], 'CASSETTE_VERSION_UNKNOWN', 'version 2 of'],
    [
      'in another version',
      [logHeader, ...beginFrame(Object.assign({}, begin, { version: '9' }))],
      'CASSETTE_VERSION_UNKNOWN',
      'version "9"',
    ],
    [
      'with a record that nobody knows',
      [...started, ...endFrameNamed('later')],
      'CASSETTE_CORRUPT',
      'is of no known kind',
    ],
  ])('%s', async (...[_what, pieces, code, words]) => {
    await expect(scanned(...pieces)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
    });
  });
});

/** A frame with a right checksum, of a kind that does not exist. */
function endFrameNamed(record: string): readonly Buffer[] {
  return beginFrame(Object.assign({}, begin, { record }));
}
