import { describe, expect, test } from '@jest/globals';
import type { Destination } from '../../src/exchange/destination.ts';
import type { Resolver } from '../../src/exchange/dns.ts';
import type { Offer, Upstream } from '../../src/exchange/upstream.ts';
import { createJournal } from '../../src/journal/journal.ts';
import { createLive } from '../../src/mode/live.ts';
import { answered, found, question } from '../support/name-server.ts';
import { answer, ask, askStream, upstreamOf } from './harness.ts';

const db: Destination = { host: 'db.test', port: 5432, secure: false };

/** A network and a mode, each of which tells what was asked of it. */
function scene(offer: Offer = { type: 'terms' }) {
  const asked: string[] = [];
  const telling = (who: string): Upstream => ({
    offer: (destination) => {
      asked.push(`${who} offers ${destination.host}`);
      return Promise.resolve(who === 'network' ? offer : { type: 'unknown' });
    },
    open: (exchange) => {
      asked.push(`${who} opens ${exchange.destination.address ?? exchange.destination.host}`);
      return Promise.resolve(answer({ outcome: who === 'network' ? 'forwarded' : 'missed' }));
    },
  });
  const resolving = (who: string): Resolver => ({
    resolve: async (one) => {
      asked.push(`${who} resolves ${one.name}`);
      return answered(one, found(one, ['10.0.0.5']));
    },
  });
  const journal = createJournal();
  const live = createLive({
    hosts: ['db.test:5432', 'web.test'],
    network: telling('network'),
    names: { resolver: resolving('network'), search: ['lan.test'] },
  });
  const session = { name: 'c', acts: 'replay', upstream: telling('mode') };
  const beside = live.beside({ ...session, resolver: resolving('mode') }, journal);
  return { asked, journal, live, session, beside };
}

describe('beside a mode', () => {
  test('live neighbours are the network’s, all others the mode’s', async () => {
    const { asked, beside, journal } = scene();
    await beside.upstream.offer(db);
    await beside.upstream.open({ ...askStream(), destination: db });
    await beside.upstream.offer({ ...db, port: 80 });
    await beside.upstream.open(ask().exchange);
    expect(asked).toEqual([
      'network offers db.test',
      'network opens db.test',
      'mode offers db.test',
      'mode opens far.test',
    ]);
    expect(journal.entries()).toMatchObject([{ outcome: 'live', host: 'db.test', mode: 'replay' }]);
    expect(journal.counts()).toMatchObject({ liveCalls: 0, missed: 0 });
    expect(journal.live()).toEqual([{ destination: 'db.test:5432', count: 1 }]);
  });

  test('one that is not there is told as live', async () => {
    const { beside, journal } = scene({ type: 'ended', ending: { type: 'refused' } });
    expect(await beside.upstream.offer(db)).toMatchObject({ type: 'ended', outcome: 'live' });
    expect(journal.entries()).toMatchObject([{ kind: 'connect', outcome: 'live' }]);
    expect(journal.counts().liveCalls).toBe(0);
  });

  test('the mode may change while it runs', async () => {
    const { session, live } = scene();
    const changing = { ...session };
    const beside = live.beside(changing, createJournal());
    const other = upstreamOf(() => answer({ outcome: 'replayed' }));
    changing.upstream = other;
    expect((await beside.upstream.open(ask().exchange)).outcome).toBe('replayed');
  });

  test('a failure of ours stays one', async () => {
    const network = upstreamOf(() => answer({ outcome: 'failed' }));
    const live = createLive({ hosts: ['*'], network });
    const beside = live.beside({ name: 'c', acts: 'record', upstream: network }, createJournal());
    expect((await beside.upstream.open(ask().exchange)).outcome).toBe('failed');
    expect(beside.resolver).toBeUndefined();
  });
});

describe('names', () => {
  test('of live neighbours are resolved live, in search domains too', async () => {
    const { asked, beside, journal } = scene();
    for (const name of ['db.test', 'db.test.lan.test', 'other.test']) {
      await beside.resolver?.resolve(question(name));
    }
    expect(asked).toEqual([
      'network resolves db.test',
      'network resolves db.test.lan.test',
      'mode resolves other.test',
    ]);
    expect(journal.entries()).toMatchObject([
      { kind: 'dns', outcome: 'live', host: 'db.test', addresses: ['10.0.0.5'] },
      { kind: 'dns', outcome: 'live', host: 'db.test.lan.test' },
    ]);
    expect(journal.live()).toEqual([]);
  });

  test('lead a raw stream to the neighbour, by its address', async () => {
    const { asked, beside, live, journal } = scene();
    const raw: Destination = { ...db, host: '10.0.0.5', address: '10.0.0.5' };
    expect(live.likely(raw)).toBeUndefined();
    await beside.resolver?.resolve(question('db.test'));
    expect(live.likely(raw)).toBe('alone');
    await beside.upstream.open({ ...askStream(), destination: raw });
    expect(asked.at(-1)).toBe('network opens 10.0.0.5');
    expect(journal.live()).toEqual([{ destination: 'db.test:5432', count: 1 }]);
    // Somebody else turns out to have the address as well.
    await beside.resolver?.resolve(question('other.test'));
    expect(live.likely(raw)).toBe('shared');
    expect(live.likely({ ...raw, host: 'db.test' })).toBeUndefined();
  });
});

describe('what is untouched', () => {
  const hello = { alpn: [] };

  test('is so at once by its name, and with its hello by its address', async () => {
    const { live, beside } = scene();
    expect(live.untouched(db)).toBe('live');
    expect(live.untouched({ ...db, port: 1 })).toBeUndefined();
    const raw: Destination = { ...db, host: '10.0.0.5', address: '10.0.0.5' };
    expect(live.untouched(raw, hello)).toBeUndefined();
    await beside.resolver?.resolve(question('db.test'));
    // Another host may share the address: only what it says first tells.
    expect(live.untouched(raw)).toBeUndefined();
    expect(live.untouched(raw, hello)).toBe('live');
    expect(live.untouched({ ...raw, host: 'api.test' }, hello)).toBeUndefined();
  });
});

test('a host that is none is refused', () => {
  expect(() => createLive({ hosts: ['a b'], network: upstreamOf(() => answer()) })).toThrow(
    RangeError,
  );
});
