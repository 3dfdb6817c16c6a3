import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Failure } from '../../src/exchange/failure.ts';
import { createJournal } from '../../src/journal/journal.ts';
import type { OpenSession, SessionOptions } from '../../src/mode/mode.ts';
import { openSession } from '../../src/mode/mode.ts';
import type { Shelf } from './harness.ts';
import { answer, ask, destination, interaction, read, upstreamOf, withShelf } from './harness.ts';

interface Waiting {
  readonly session: OpenSession;
  readonly failures: Failure[];
  readonly entries: { readonly outcome: string }[];
  readonly get: (path: string) => Promise<string>;
}

const question = {
  name: 'far.test',
  type: 'A',
  message: Buffer.alloc(12),
  transport: 'udp',
} as const;

async function open(shelf: Shelf, more: Partial<SessionOptions> = {}): Promise<Waiting> {
  const failures: Failure[] = [];
  const entries: { readonly outcome: string }[] = [];
  const journal = createJournal();
  journal.subscribe((entry) => entries.push(entry));
  const session = await openSession({
    mode: 'replay',
    onMiss: 'fail',
    cassette: 'c',
    library: shelf.library,
    network: upstreamOf(() => answer({ body: Buffer.from('live') })),
    journal,
    latency: { type: 'none' },
    bodyBytesMax: 1000,
    cutUnwritten: false,
    ci: false,
    waits: true,
    onFailure: (failure) => failures.push(failure),
    ...more,
  });
  const get = async (path: string): Promise<string> => {
    const given = await session.upstream.open(ask({ path }).exchange);
    return given.failure?.code ?? (await read(given.body));
  };
  return { session, failures, entries, get };
}

async function recordTwo({ library }: Shelf): Promise<void> {
  const take = await library.record('c', { adds: false });
  for (const path of ['/a', '/b']) {
    const body = Buffer.from(`recorded ${path}`);
    await take.append(interaction({ id: path, request: { path }, response: { body } }));
  }
  await take.finish();
}

test('a session waits for its cassette, refuses until then, and replays from then on', () =>
  withShelf(async (shelf) => {
    const { session, failures, entries, get } = await open(shelf);
    expect(session).toMatchObject({ name: 'c', acts: 'replay', strict: true, loaded: 0 });
    expect([session.file, session.digest, session.interactions()]).toEqual([undefined, null, 0]);
    expect([session.unused(), session.unfinished(), session.failure()]).toEqual([
      0,
      false,
      undefined,
    ]);
    expect(await session.upstream.offer(destination)).toEqual({ type: 'unknown' });
    expect(await get('/a')).toBe('CASSETTE_NOT_FOUND');
    expect(failures.map(({ code }) => code)).toEqual(['CASSETTE_NOT_FOUND']);
    expect(entries.map(({ outcome }) => outcome)).toEqual(['missed']);

    await recordTwo(shelf);
    expect(await Promise.all([get('/a'), get('/b')])).toEqual(['recorded /a', 'recorded /b']);
    expect(await session.upstream.offer(destination)).toMatchObject({ type: 'terms' });
    expect(session).toMatchObject({ loaded: 2, file: expect.stringMatching(/c\.json$/) });
    expect(session.digest).toMatch(/^[\da-f]{64}$/);
    expect([session.interactions(), session.unused()]).toEqual([2, 0]);
    await session.close();
  }));

test('where it is there from the start, nothing differs', () =>
  withShelf(async (shelf) => {
    await recordTwo(shelf);
    const { session, get } = await open(shelf);
    expect(session.loaded).toBe(2);
    expect(await get('/a')).toBe('recorded /a');
    await session.close();
  }));

test('a cassette that is there but broken is no reason to wait', () =>
  withShelf(async (shelf) => {
    await writeFile(join(shelf.directory, 'c.json'), '{');
    await expect(open(shelf)).rejects.toMatchObject({ code: 'CASSETTE_CORRUPT' });
  }));

test('names are answered once the cassette is there, and fail until then', () =>
  withShelf(async (shelf) => {
    const resolver = { resolve: () => Promise.resolve(undefined) };
    const { session } = await open(shelf, { names: { resolver, search: [], ipv6: false } });
    expect(await session.resolver?.resolve(question)).toMatchObject({ code: 'SERVFAIL' });
    await recordTwo(shelf);
    expect(await session.resolver?.resolve(question)).toMatchObject({ code: 'NOERROR' });
    await session.discard();
  }));
