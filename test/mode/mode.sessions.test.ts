import { expect, test } from '@jest/globals';
import { createJournal } from '../../src/journal/journal.ts';
import { openSession } from '../../src/mode/mode.ts';
import { ask, interaction, read, upstreamOf, withShelf } from './harness.ts';
import { run, text } from './runs.ts';

test('a session says what it loaded and what of it was not used', async () => {
  await run({ mode: 'replay', standing: 'complete and unfinished' }, async ({ session, get }) => {
    expect(session).toMatchObject({ name: 'c', loaded: 2, strict: true });
    expect(session.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(session.unused()).toBe(2);
    await get('/old');
    expect(session.unused()).toBe(1);
    expect(session.failure()).toBeUndefined();
  });
});

test('auto leaves no empty cassette behind, record does', async () => {
  await run({ mode: 'auto', standing: 'nothing' }, async ({ session, shelf }) => {
    await session.close();
    expect(await shelf.files()).toEqual([]);
  });
  await run({ mode: 'record', standing: 'nothing' }, async ({ session, shelf }) => {
    await session.close();
    expect(await shelf.library.look('c')).toBe('complete');
  });
});

test('an empty take replaces nothing', async () => {
  await run({ mode: 'record', standing: 'complete' }, async ({ session, shelf }) => {
    await session.close();
    expect((await shelf.library.load('c')).interactions).toHaveLength(1);
    expect(await shelf.library.look('c')).toBe('complete');
  });
});

test('a mismatch of a WebSocket is told of with its exchange', async () => {
  await withShelf(async (shelf) => {
    const take = await shelf.library.record('c', { adds: false });
    await take.append(
      interaction({
        kind: 'websocket',
        response: { status: 101 },
        messages: [{ from: 'client', atMs: 1, kind: 'text', bytes: Buffer.from('a') }],
      }),
    );
    await take.finish();
    const told: string[] = [];
    const journal = createJournal();
    const session = await openSession({
      mode: 'replay',
      onMiss: 'fail',
      cassette: 'c',
      library: shelf.library,
      network: upstreamOf(() => text('never')),
      journal,
      latency: { type: 'none' },
      bodyBytesMax: 10,
      streamMsMax: 60_000,
      cutUnwritten: false,
      ci: false,
      onFailure: (failure, { destination }) => told.push(`${failure.code} ${destination.host}`),
    });
    async function* says() {
      yield { atMs: 0, kind: 'text' as const, bytes: Buffer.from('b') };
    }
    const given = await session.upstream.open(ask({ kind: 'websocket', body: says() }).exchange);
    await read(given.body);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(told).toEqual(['SEQUENCE_MISMATCH far.test']);
    expect(journal.counts().missed).toBe(1);
    await session.close();
  });
});
