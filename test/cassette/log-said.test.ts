import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Said } from '../../src/cassette/assemble.ts';
import { type OpenFile, realDisk } from '../../src/cassette/disk.ts';
import { scanLog } from '../../src/cassette/log.ts';
import { beginFrame, draftFrame, logHeader, saidFrame } from '../../src/cassette/log-frames.ts';
import { saidReader } from '../../src/cassette/log-said.ts';
import { inFolder } from './folder.ts';
import { sample } from './samples.ts';

const begin = { name: 'c', startedAt: '2026-11-20T12:00:00.000Z', adds: false, base: '' };

const said = (bytes: Buffer, atMs: number): Said => {
  return { from: 'server', atMs, kind: 'data', bytes, length: bytes.length };
};

/** Writes a log of so many drafts that speak in turn, and hands it to a test together with how often it is read. */
async function inLog(
  { drafts, rounds, bytes }: { drafts: number; rounds: number; bytes: number },
  body: (file: OpenFile, path: string, reads: number[]) => Promise<void>,
): Promise<void> {
  await inFolder(async ({ path }) => {
    const frames = [logHeader, ...beginFrame(begin)];
    for (let draft = 0; draft < drafts; draft += 1)
      frames.push(...draftFrame(draft, sample(draft)));
    for (let round = 0; round < rounds; round += 1) {
      for (let draft = 0; draft < drafts; draft += 1) {
        frames.push(...saidFrame(draft, [said(Buffer.alloc(bytes, `${draft}.${round} `), round)]));
      }
    }
    writeFileSync(join(path, 'c.wal'), Buffer.concat(frames));
    const file = await realDisk.open(join(path, 'c.wal'), 'read');
    const reads: number[] = [];
    const read: OpenFile['read'] = (position, length) => {
      reads.push(length);
      return file.read(position, length);
    };
    try {
      await body({ ...file, read }, join(path, 'c.wal'), reads);
    } finally {
      await file.close();
    }
  });
}

test('what many said among each other comes back for each of them, in whatever order they are asked for', async () => {
  await inLog({ drafts: 5, rounds: 3, bytes: 10 }, async (file, path) => {
    const content = await scanLog(file, path);
    const read = saidReader(file, content);
    for (const at of [3, 0, 1, 4, 2, 2]) {
      const entry = content.entries[at];
      if (entry === undefined) throw new Error('no entry');
      const words = (await read(entry)).map(({ bytes }) => String(bytes).slice(0, 3));
      expect(words).toEqual([`${at}.0`, `${at}.1`, `${at}.2`]);
    }
  });
});

test('and is read in one go for many, but not for all at once', async () => {
  const size = { drafts: 100, rounds: 10, bytes: 100_000 };
  await inLog(size, async (file, path, reads) => {
    const content = await scanLog(file, path);
    reads.length = 0;
    const read = saidReader(file, content);
    for (const entry of content.entries) expect(await read(entry)).toHaveLength(10);
    // A hundred megabytes, twice through, and not a thousand records.
    expect(reads.length).toBeGreaterThan(90);
    expect(reads.length).toBeLessThan(300);
  });
});
