import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { loadSettings } from '../src/config/config.ts';
import type { Closers, Ground } from '../src/groundwork.ts';
import { layGround } from '../src/groundwork.ts';

/** Lends the rooms that need no cassette, built under some variables in a folder of their own. */
export async function withGround(
  env: Readonly<Record<string, string>>,
  use: (ground: Ground, opened: Closers) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'magneto-ground-'));
  const folders = { MAGNETO_CERT_DIR: join(folder, 'certs'), MAGNETO_CASSETTE_DIR: folder };
  const { settings } = loadSettings({ env: { ...folders, ...env } });
  const opened: Closers = [];
  try {
    await use(await layGround({ settings, log: pino({ level: 'silent' }) }, opened), opened);
  } finally {
    for (const close of opened.toReversed()) await close();
    await rm(folder, { recursive: true });
  }
}
