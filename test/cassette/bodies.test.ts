import { hash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { bodiesIn, storedOf } from '../../src/cassette/bodies.ts';
import { realDisk } from '../../src/cassette/disk.ts';
import type { StoredBody } from '../../src/exchange/interaction.ts';
import { type Folder, inFolder } from './folder.ts';
import { sample } from './samples.ts';

const content = Buffer.alloc(700_000, 'magneto ');
const sha256 = hash('sha256', content, 'hex');
const part = '6b1f2d3c-0000-4000-8000-123456789abc.part';

function openIn({ path, warnings }: Folder) {
  return bodiesIn(path, { disk: realDisk, warn: (line) => void warnings.push(line) });
}

async function readAll(body: StoredBody): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of body.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}

test('a body is read in pieces, each time from its beginning', async () => {
  await inFolder(async (folder) => {
    writeFileSync(join(folder.path, sha256), content);
    const bodies = openIn(folder);
    const body = bodies.open({ sha256, bytes: content.length });
    await bodies.check();
    let pieces = 0;
    for await (const piece of body.read()) {
      expect(piece.length).toBeLessThanOrEqual(256 * 1024);
      pieces += 1;
    }
    expect(pieces).toBeGreaterThan(2);
    expect((await readAll(body)).equals(content)).toBe(true);
  });
});

test('one that was not given its name yet is found under the other', async () => {
  await inFolder(async (folder) => {
    writeFileSync(join(folder.path, part), content);
    const body = openIn(folder).open({ sha256, bytes: content.length, part });
    expect((await readAll(body)).equals(content)).toBe(true);
  });
});

describe('a body that is not as it was', () => {
  test('because its file is not there is told, with its name', async () => {
    await inFolder(async (folder) => {
      const bodies = openIn(folder);
      const body = bodies.open({ sha256, bytes: 3 });
      const failure = {
        code: 'CASSETTE_BODY_MISSING',
        message: `${join(folder.path, sha256)}: is not there`,
      };
      await expect(bodies.check()).rejects.toMatchObject(failure);
      await expect(readAll(body)).rejects.toMatchObject(failure);
    });
  });

  test('because it has another size is told before it is served', async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder.path, sha256), 'short');
      const bodies = openIn(folder);
      bodies.open({ sha256, bytes: content.length });
      await expect(bodies.check()).rejects.toMatchObject({
        code: 'CASSETTE_BODY_MISSING',
        message: expect.stringContaining('has 5 bytes, and not 700000'),
      });
    });
  });

  test('because a byte of it has turned never comes to its end', async () => {
    await inFolder(async (folder) => {
      const turned = Buffer.from(content);
      turned[10] = 0;
      writeFileSync(join(folder.path, sha256), turned);
      const bodies = openIn(folder);
      const body = bodies.open({ sha256, bytes: content.length });
      await bodies.check();
      let got = 0;
      const reading = (async () => {
        for await (const piece of body.read()) got += piece.length;
      })();
      await expect(reading).rejects.toMatchObject({ code: 'CASSETTE_CORRUPT' });
      expect(got).toBeGreaterThan(0);
      expect(got).toBeLessThan(content.length);
      expect(folder.warnings).toEqual([expect.stringContaining(sha256)]);
    });
  });
});

describe('what an unfinished file holds', () => {
  test('is a body up to where it is told of', async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder.path, part), content);
      const body = await openIn(folder).openPart(part, 300_000);
      const expected = content.subarray(0, 300_000);
      expect(body?.sha256).toBe(hash('sha256', expected, 'hex'));
      expect(body !== undefined && (await readAll(body)).equals(expected)).toBe(true);
    });
  });

  test('may be less than that, or nothing', async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder.path, part), 'abc');
      expect((await openIn(folder).openPart(part, 10))?.bytes).toBe(3);
      writeFileSync(join(folder.path, part), '');
      expect(await openIn(folder).openPart(part, 10)).toBeUndefined();
      expect(await openIn(folder).openPart(part.replace('6', '7'), 10)).toBeUndefined();
    });
  });

  test('is copied to stand under its digest, and stays', async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder.path, part), content);
      const bodies = openIn(folder);
      const body = await bodies.openPart(part, 300_000);
      if (body === undefined) throw new Error('no body');
      for (const _ of ['once', 'twice']) await bodies.keep(body);
      await bodies.sync();
      expect(folder.files().toSorted()).toEqual([body.sha256, part].toSorted());
      const kept = readFileSync(join(folder.path, body.sha256));
      expect(kept.equals(content.subarray(0, 300_000))).toBe(true);
      expect(statSync(join(folder.path, part)).size).toBe(content.length);
    });
  });
});

test('what was opened elsewhere is not kept here', async () => {
  await inFolder(async (folder) => {
    const other = openIn(folder).open({ sha256, bytes: 3 });
    const bodies = openIn(folder);
    await bodies.keep(other);
    await bodies.sync();
    expect(folder.files()).toEqual([]);
  });
});

test('an interaction has two stored bodies at most', () => {
  const stored = { sha256, bytes: 1, read: () => openNothing() };
  expect(storedOf(sample(0))).toEqual([]);
  expect(storedOf(sample(0, { request: { stored }, response: { stored } }))).toHaveLength(2);
});

function openNothing(): never {
  throw new Error('not read');
}
