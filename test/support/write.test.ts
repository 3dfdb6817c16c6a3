import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { write } from '../../src/support/write.ts';

const bytes = Buffer.alloc(10);

test('a stream with room takes bytes at once', async () => {
  const stream = new Writable({ highWaterMark: 100, write: (_chunk, _encoding, done) => done() });
  expect(await write(stream, bytes)).toBe(true);
});

test('a full stream is waited for, and leaves no listener behind', async () => {
  let drain = (): void => {};
  const stream = new Writable({
    highWaterMark: 5,
    write(_chunk, _encoding, done) {
      drain = done;
    },
  });
  let written: boolean | undefined;
  const writing = write(stream, bytes).then((whole) => {
    written = whole;
  });
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(written).toBeUndefined();
  drain();
  await writing;
  expect(written).toBe(true);
  expect(stream.listenerCount('drain')).toBe(0);
  expect(stream.listenerCount('close')).toBe(0);
});

test('a stream that closes takes nothing more', async () => {
  const stream = new Writable({ highWaterMark: 5, write: () => {} });
  const writing = write(stream, bytes);
  stream.destroy();
  expect(await writing).toBe(false);
  expect(await write(stream, bytes)).toBe(false);
  const ended = new Writable({ write: (_chunk, _encoding, done) => done() });
  ended.end();
  expect(await write(ended, bytes)).toBe(false);
});
