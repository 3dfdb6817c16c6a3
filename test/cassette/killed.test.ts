import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { inFolder } from './folder.ts';
import { bytesOf } from './talk.ts';

/** What may have been said within the moments before a kill: far more than 10 ms of it, for machines that are busy. */
const momentsMax = 200;

const line = (n: number): string => `${String(n).padStart(7, '0')};`;

/** Lets a process record without an end, kills it, and says how many rounds it has told of. */
async function recordAndKill(directory: string, fsync: string, rounds: number): Promise<number> {
  const child = spawn(process.execPath, ['test/cassette/endless.ts', directory, fsync], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  let told = -1;
  for await (const text of createInterface(child.stdout)) {
    told = Number(text);
    if (told === rounds) child.kill('SIGKILL');
  }
  expect(await exited).toBe('SIGKILL');
  return told;
}

/** How many rounds stand there, all from the first one on. */
function roundsIn(text: string): number {
  const rounds = Math.floor(text.length / 8);
  const expected = Array.from({ length: rounds }, (_, n) => line(n)).join('');
  expect(text.slice(0, rounds * 8)).toBe(expected);
  return rounds;
}

const isWhole = ({ truncated }: Interaction): boolean => truncated === undefined;

test.each(['interval', 'never', 'always'])(
  'under %s what has no end is found up to about its last moments after kill -9',
  async (fsync) => {
    await inFolder(async (folder) => {
      const told = await recordAndKill(folder.path, fsync, 700);
      const library = folder.library();
      const { interactions, unfinished } = await library.load('c');
      expect(unfinished).toBe(true);
      expect(interactions.map(({ id }) => id)).toEqual(['i-0', 'i-1', 'i-2', 'i-3', 'i-5']);
      expect(interactions.filter(isWhole).map(({ id }) => id)).toEqual(['i-5']);
      expect(folder.warnings.at(-1)).toMatch(/4 of them end where magneto did, 1 more without/);
      const [events, socket, stream, download] = interactions;
      const found = [
        roundsIn(String(events?.response?.body)),
        roundsIn((socket?.messages ?? []).map(({ bytes }) => String(bytes)).join('')),
        roundsIn((stream?.messages ?? []).map(({ bytes }) => String(bytes)).join('')),
      ];
      for (const rounds of found) expect(rounds).toBeGreaterThan(told - momentsMax);
      for (const one of [events, socket, stream, download]) {
        expect(one).toMatchObject({ truncated: 'killed', ending: { type: 'cut', by: 'server' } });
      }
      const bytes = await bytesOf(download?.response);
      expect(bytes.length).toBeGreaterThan((told - momentsMax) * 8 * 1024);
      const rounds = Math.ceil(bytes.length / 8192);
      const expected = Array.from({ length: rounds }, (_, n) => line(n).repeat(1024)).join('');
      expect(bytes.equals(Buffer.from(expected).subarray(0, bytes.length))).toBe(true);
      const chunks = download?.response?.chunks ?? [];
      expect(chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)).toBe(bytes.length);
    });
  },
  60_000,
);

test('no secret of a take that was killed is on the disk, and it can be gone on with', async () => {
  await inFolder(async (folder) => {
    await recordAndKill(folder.path, 'interval', 50);
    const bodies = readdirSync(join(folder.path, 'c.bodies'));
    expect(bodies).toEqual([expect.stringMatching(/\.part$/)]);
    for (const file of ['c.wal', ...bodies.map((name) => `c.bodies/${name}`)]) {
      expect(readFileSync(join(folder.path, file), 'latin1')).not.toContain('c4n4ry');
    }
    const library = folder.library();
    const before = await library.load('c');
    const take = await library.record('c', { adds: true });
    await take.finish();
    const after = await library.load('c');
    expect(after.interactions.map(({ id }) => id)).toEqual(before.interactions.map(({ id }) => id));
    const download = after.interactions[3]?.response;
    expect(download?.stored?.sha256).toBe(before.interactions[3]?.response?.stored?.sha256);
    expect((await bytesOf(download)).length).toBeGreaterThan(0);
    expect(folder.files()).toEqual([`c.bodies/${download?.stored?.sha256 ?? ''}`, 'c.json']);
  });
}, 60_000);
