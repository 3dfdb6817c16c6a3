import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { readParts } from '../../src/network/parts.ts';
import { sleep } from './world.ts';

describe('parts of a stream', () => {
  test('come as they are asked for, with their times', async () => {
    const stream = new PassThrough();
    const startedAt = performance.now();
    let over = 0;
    const parts = readParts(stream, startedAt, () => {
      over += 1;
    });
    stream.write('one');
    const first = (await parts.next()).value;
    expect(first).toMatchObject({ kind: 'data', bytes: Buffer.from('one') });
    setTimeout(() => stream.end('two'), 20);
    const second = (await parts.next()).value;
    expect(second?.bytes.toString()).toBe('two');
    expect(second?.atMs).toBeGreaterThanOrEqual(15);
    expect(over).toBe(0);
    expect((await parts.next()).done).toBe(true);
    expect(over).toBe(1);
    expect(['readable', 'end', 'close'].map((name) => stream.listenerCount(name))).not.toContain(2);
  });

  test('are not read ahead of the reader', async () => {
    let produced = 0;
    const stream = new Readable({
      highWaterMark: 1_024,
      read() {
        produced += 1;
        this.push(Buffer.alloc(1_024));
      },
    });
    const parts = readParts(stream, 0, () => {});
    await parts.next();
    await sleep(10);
    expect(produced).toBeLessThan(5);
    await parts.return(undefined);
  });

  test('are all handed out after the stream broke, quietly', async () => {
    const stream = new PassThrough();
    stream.on('error', () => {});
    stream.write('one');
    stream.destroy(new Error('broke'));
    const texts: string[] = [];
    for await (const { bytes } of readParts(stream, 0, () => {})) texts.push(bytes.toString());
    expect(texts).toEqual(['one']);
  });

  test('end when the stream breaks while the reader waits', async () => {
    const stream = new PassThrough();
    stream.on('error', () => {});
    setTimeout(() => stream.destroy(new Error('broke')), 10);
    const parts = readParts(stream, 0, () => {});
    expect(await parts.next()).toEqual({ done: true, value: undefined });
  });

  test('tell once when their reader stops', async () => {
    const stream = new PassThrough();
    stream.write('one');
    let over = 0;
    const stopped = (): void => {
      over += 1;
    };
    for await (const { bytes } of readParts(stream, 0, stopped)) {
      expect(bytes.toString()).toBe('one');
      break;
    }
    expect(over).toBe(1);
    expect(stream.destroyed).toBe(false);
  });
});
