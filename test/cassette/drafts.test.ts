import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { failingDisk } from './failing-disk.ts';
import { inFolder } from './folder.ts';
import { answered, bytesOf, end, foundOnceThere, says, startOf } from './talk.ts';

test('several that go on at once are kept apart, and replayed in the order in which they began', async () => {
  await inFolder(async (folder) => {
    const library = folder.library();
    const take = await library.record('c', { adds: false });
    const drafts = [0, 1, 2].map((sequence) => answered(take, sequence));
    for (let round = 0; round < 3; round += 1) {
      for (const [at, draft] of drafts.entries()) void draft.add(says('server', `${at}${round} `));
      await foundOnceThere(folder, (found) => {
        return found.every(({ response }) => response?.body?.length === 3 * (round + 1));
      });
    }
    for (const draft of drafts.toReversed()) await draft.finish(end);
    await take.finish();
    const { interactions } = await library.load('c');
    expect(interactions.map(({ response }) => response?.body?.toString())).toEqual([
      '00 01 02 ',
      '10 11 12 ',
      '20 21 22 ',
    ]);
  });
});

test('those that are ending when the take ends are waited for; those that go on are cut there', async () => {
  await inFolder(async (folder) => {
    const library = folder.library({ bodyFileBytes: 10 });
    const take = await library.record('c', { adds: false });
    const [ending, open] = [answered(take, 0), answered(take, 1)];
    void ending.add(says('server', 'large enough for a file'));
    void open.add(says('server', 'this one as well, it goes on'));
    const ended = ending.finish(end);
    const finishing = take.finish();
    await ended;
    await finishing;
    expect(take.recorded).toBe(1);
    const [one, two] = (await library.load('c')).interactions;
    expect((await bytesOf(one?.response)).toString()).toBe('large enough for a file');
    expect(one).not.toHaveProperty('truncated');
    expect((await bytesOf(two?.response)).toString()).toBe('this one as well, it goes on');
    expect(two?.truncated).toBe('killed');
    expect(folder.files().filter((name) => name.endsWith('.part'))).toEqual([]);
    await expect(open.finish(end)).rejects.toMatchObject({
      code: 'RECORDING_FAILED',
      message: expect.stringContaining('closed'),
    });
    expect(readFileSync(join(folder.path, 'c.json'), 'utf8')).toContain('"version": "2.1"');
  });
});

test('what is still open when the take ends is told of, above all what is left out for want of an answer', async () => {
  await inFolder(async (folder) => {
    const take = await folder.library().record('c', { adds: false });
    await answered(take, 0).finish(end);
    void answered(take, 1).add(says('server', 'goes on'));
    for (const [place, kind] of (['http', 'websocket', 'grpc', 'stream'] as const).entries()) {
      void take.begin(startOf(2 + place, kind)).add(says('client', 'nobody answers this'));
    }
    await take.finish();
    const { interactions } = await folder.library().load('c');
    expect(interactions.map(({ id, truncated }) => [id, truncated])).toEqual([
      ['i-0', undefined],
      ['i-1', 'killed'],
    ]);
    expect(folder.warnings).toEqual([
      expect.stringMatching(
        /c\.wal: the take has become a cassette; 1 of them end where magneto did, 4 more without an answer are left out$/,
      ),
    ]);
  });
});

test('a run that goes on counts its drafts anew, and does not take up those before', async () => {
  await inFolder(async (folder) => {
    const library = folder.library();
    const first = await library.record('c', { adds: true });
    void answered(first, 0).add(says('server', 'first'));
    await first.close();
    const second = await library.record('c', { adds: true });
    const draft = answered(second, 0);
    void draft.add(says('server', 'second'));
    await draft.finish(end);
    await second.finish();
    const { interactions } = await library.load('c');
    expect(interactions.map(({ id, truncated }) => [id, truncated])).toEqual([
      ['i-0', 'killed'],
      ['i-0-2', undefined],
    ]);
    expect(interactions.map(({ response }) => response?.body?.toString())).toEqual([
      'first',
      'second',
    ]);
  });
});

test('a disk that fails under a draft fails the take, and nothing else: what is said passes', async () => {
  let failures = 0;
  for (let n = 8; n < 40; n += 1) {
    await inFolder(async (folder) => {
      const told: boolean[] = [];
      const onWrite = (_ms: number, failed: boolean): void => void told.push(failed);
      const disk = failingDisk(n, 'dies');
      const library = folder.library({ bodyFileBytes: 10, fsync: 'always', onWrite }, disk);
      const take = await library.record('c', { adds: false }).catch(() => undefined);
      if (take === undefined) return;
      const draft = answered(take, 0);
      for (let count = 0; count < 5; count += 1) {
        await draft.add(says('client', 'a piece of many'));
        await draft.add(says('server', 'a piece of many'));
      }
      const ended = await draft.finish(end).catch((error: unknown) => error);
      if (ended === undefined) return take.close().catch(() => undefined);
      failures += 1;
      expect(ended).toMatchObject({ code: 'RECORDING_FAILED' });
      expect(take.failure).toMatchObject({ code: 'RECORDING_FAILED' });
      expect(told).toContain(true);
      expect(take.recorded).toBe(0);
      await expect(answered(take, 1).finish(end)).rejects.toBe(take.failure);
      await expect(take.append({ ...startOf(2), ...end })).rejects.toBe(take.failure);
      await expect(take.finish()).rejects.toBe(take.failure);
    });
  }
  expect(failures).toBeGreaterThan(3);
});
