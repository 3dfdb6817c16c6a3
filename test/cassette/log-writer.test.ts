import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { FsyncPolicy } from '../../src/cassette/cassette.ts';
import type { OpenFile } from '../../src/cassette/disk.ts';
import { LogWriter } from '../../src/cassette/log-writer.ts';

type Step = 'write' | 'sync' | 'truncate' | 'close';

/** A file in memory that says what was done to it, waits where it is told, and fails where it is told. */
function makeFile(fails: (step: Step, count: number) => boolean = () => false) {
  const steps: string[] = [];
  let content = '';
  let gate: Promise<void> = Promise.resolve();
  const step = async (name: Step, words: string): Promise<void> => {
    await gate;
    steps.push(words);
    const count = steps.filter((one) => one.startsWith(name)).length;
    if (fails(name, count)) throw Object.assign(new Error(name), { code: 'EIO' });
  };
  const file: OpenFile = {
    size: () => Promise.resolve(content.length),
    read: () => Promise.resolve(Buffer.alloc(0)),
    write: async (position, pieces) => {
      const text = Buffer.concat(pieces).toString();
      await step('write', `write ${text}`);
      content = content.slice(0, position) + text;
    },
    sync: () => step('sync', 'sync'),
    truncate: async (length) => {
      await step('truncate', `truncate ${length}`);
      content = content.slice(0, length);
    },
    close: () => step('close', 'close'),
  };
  return {
    file,
    steps,
    content: () => content,
    /** Holds every step until the function that it hands back is called. */
    hold: (): (() => void) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
  };
}

function makeWriter(file: OpenFile, fsync: FsyncPolicy, position = 0) {
  const writes: boolean[] = [];
  const onWrite = (ms: number, failed: boolean): void => {
    expect(ms).toBeGreaterThanOrEqual(0);
    writes.push(failed);
  };
  const writer = new LogWriter({ path: 'c.wal', file, position, options: { fsync, onWrite } });
  return { writer, writes };
}

const piece = (text: string): readonly Buffer[] => [Buffer.from(text)];

test('what is appended during a write goes into the next, together', async () => {
  const { file, steps, content, hold } = makeFile();
  const { writer, writes } = makeWriter(file, 'never');
  const release = hold();
  const appended = ['a', 'b', 'c'].map((text) => writer.append(piece(text)));
  await sleep(1);
  release();
  await Promise.all(appended);
  expect(steps).toEqual(['write a', 'write bc']);
  expect(content()).toBe('abc');
  expect(writes).toEqual([false, false]);
  await writer.close();
  expect(steps.slice(2)).toEqual(['close']);
});

test('a group has a bound', async () => {
  const { file, steps, hold } = makeFile();
  const { writer } = makeWriter(file, 'never');
  const release = hold();
  const large = Buffer.alloc(9 * 1024 * 1024, 'x');
  const appended = [...piece('a'), large, large].map((one) => writer.append([one]));
  await sleep(1);
  release();
  await Promise.all(appended);
  expect(steps).toHaveLength(3);
});

test('under always nothing is acknowledged before it is synced, once a group', async () => {
  const { file, steps, hold } = makeFile();
  const { writer } = makeWriter(file, 'always');
  await writer.append(piece('a'));
  expect(steps).toEqual(['write a', 'sync']);
  const release = hold();
  let acknowledged = false;
  const appended = writer.append(piece('b')).then(() => (acknowledged = true));
  await sleep(5);
  expect(acknowledged).toBe(false);
  release();
  await appended;
  expect(steps).toEqual(['write a', 'sync', 'write b', 'sync']);
  await writer.close();
});

test('under interval the sync follows in the background, once for many', async () => {
  const { file, steps } = makeFile();
  const { writer } = makeWriter(file, 'interval');
  for (const text of ['a', 'b', 'c']) await writer.append(piece(text));
  expect(steps).toEqual(['write a', 'write b', 'write c']);
  await sleep(150);
  expect(steps.slice(3)).toEqual(['sync']);
  await writer.close();
});

test('closing waits for what was appended, and syncs it', async () => {
  const { file, steps } = makeFile();
  const { writer } = makeWriter(file, 'interval');
  const appended = writer.append(piece('a'));
  await writer.close();
  await appended;
  expect(steps).toEqual(['write a', 'sync', 'close']);
});

test('a write that fails is cut off, and ends the take: what waits is refused with it', async () => {
  const { file, steps, hold } = makeFile((step, count) => step === 'write' && count === 2);
  const { writer, writes } = makeWriter(file, 'never', 0);
  await writer.append(piece('good'));
  const release = hold();
  const appended = ['b', 'c', 'd'].map((text) => writer.append(piece(text)));
  await sleep(1);
  release();
  for (const one of await Promise.allSettled(appended)) {
    expect(one).toMatchObject({
      status: 'rejected',
      reason: { code: 'RECORDING_FAILED', message: 'c.wal: EIO' },
    });
  }
  expect(steps).toEqual(['write good', 'write b', 'truncate 4']);
  expect(writes).toEqual([false, true, true]);
  expect(writer.failure).toMatchObject({ code: 'RECORDING_FAILED' });
  await expect(writer.append(piece('e'))).rejects.toBe(writer.failure);
  await expect(writer.close()).rejects.toBe(writer.failure);
});

test('a failing sync under always is a failing write', async () => {
  const { file, steps } = makeFile((step) => step === 'sync' || step === 'truncate');
  const { writer } = makeWriter(file, 'always', 10);
  await expect(writer.append(piece('a'))).rejects.toMatchObject({ code: 'RECORDING_FAILED' });
  expect(steps).toEqual(['write a', 'sync', 'truncate 10']);
});

test('a sync that fails in the background is told, and ends the take', async () => {
  const { file } = makeFile((step) => step === 'sync');
  const { writer, writes } = makeWriter(file, 'interval');
  await writer.append(piece('a'));
  await sleep(150);
  expect(writes).toEqual([false, true]);
  expect(writer.failure).toMatchObject({ code: 'RECORDING_FAILED' });
  await expect(writer.append(piece('b'))).rejects.toBe(writer.failure);
});

test('a file that cannot be closed is a failure, too', async () => {
  const { file } = makeFile((step) => step === 'close');
  const { writer } = makeWriter(file, 'never');
  await expect(writer.close()).rejects.toMatchObject({ code: 'RECORDING_FAILED' });
});
