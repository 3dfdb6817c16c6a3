import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openLibrary } from '../../src/cassette/cassette.ts';
import { createJournal } from '../../src/journal/journal.ts';
import type { SessionOptions } from '../../src/mode/mode.ts';
import { openOrWait } from '../../src/mode/mode.ts';
import { question } from '../support/name-server.ts';
import { ask, destination } from './harness.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'magneto-waiting-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const journal = createJournal();

function optionsOf(mode: SessionOptions['mode']): SessionOptions {
  return {
    mode,
    onMiss: 'fail',
    cassette: 'late',
    library: openLibrary({ directory, format: 'json', fsync: 'never', warn: () => {} }),
    network: {
      offer: () => Promise.resolve({ type: 'terms' }),
      open: () =>
        Promise.resolve({
          head: { status: 204, statusText: 'No Content', headers: [], httpVersion: '1.1' },
          body: undefined,
          ending: { type: 'finished', trailers: [] },
          outcome: 'forwarded',
        }),
    },
    names: { resolver: { resolve: () => Promise.resolve(undefined) }, search: [], ipv6: false },
    journal,
    latency: { type: 'none' },
    bodyBytesMax: 1000,
    cutUnwritten: false,
    ci: false,
    onFailure: () => {},
  };
}

async function recordOne(): Promise<void> {
  const session = await openOrWait(optionsOf('record'));
  await (await session.upstream.open(ask().exchange)).ending;
  await session.close();
}

describe('a replay without its cassette', () => {
  test('serves, and refuses what comes until it is there', async () => {
    const session = await openOrWait(optionsOf('replay'));
    expect(session).toMatchObject({ acts: 'replay', strict: true, loaded: 0, digest: null });
    expect(session.file).toBeUndefined();
    const early = await session.upstream.open(ask().exchange);
    expect([early.outcome, early.failure?.code]).toEqual(['missed', 'CASSETTE_NOT_FOUND']);
    expect(await session.upstream.offer(destination)).toEqual({ type: 'unknown' });
    expect(await session.resolver?.resolve(question('far.test'))).toMatchObject({
      code: 'SERVFAIL',
    });
    expect(journal.counts().missed).toBe(1);

    await recordOne();
    const [answer, other] = await Promise.all([
      session.upstream.open(ask().exchange),
      session.upstream.open(ask().exchange),
    ]);
    expect([answer?.outcome, other?.outcome].toSorted()).toEqual(['repeated', 'replayed']);
    expect(await session.resolver?.resolve(question('far.test'))).toMatchObject({
      code: 'NOERROR',
      outcome: 'replayed',
    });
    expect(session).toMatchObject({ loaded: 1, file: join(directory, 'late.json') });
    expect([session.interactions(), session.unused(), session.unfinished()]).toEqual([1, 0, false]);
    expect(session.failure()).toBeUndefined();
    await session.close();
    await session.discard();
  });

  test('tells of one that cannot be read, and goes on waiting', async () => {
    const session = await openOrWait(optionsOf('replay'));
    await writeFile(join(directory, 'late.json'), '{');
    const broken = await session.upstream.open(ask().exchange);
    expect(broken.failure?.code).toBe('CASSETTE_CORRUPT');
    await rm(join(directory, 'late.json'));
    await recordOne();
    expect((await session.upstream.open(ask().exchange)).outcome).toBe('replayed');
  });
});

test('what else is wrong is said at once', async () => {
  await writeFile(join(directory, 'late.json'), '{');
  await expect(openOrWait(optionsOf('replay'))).rejects.toMatchObject({ code: 'CASSETTE_CORRUPT' });
});
