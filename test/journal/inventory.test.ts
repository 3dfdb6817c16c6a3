import { describe, expect, test } from '@jest/globals';
import { createInventory } from '../../src/journal/inventory.ts';
import type { JournalEntry } from '../../src/journal/journal.ts';
import { journalEntry } from './entry.ts';

function inventoryOf(...entries: readonly Partial<JournalEntry>[]) {
  const keeper = createInventory();
  for (const entry of entries) keeper.add(journalEntry(entry));
  return keeper;
}

describe('the protocol', () => {
  test.each<[Partial<JournalEntry>, string]>([
    [{ kind: 'http' }, 'http'],
    [{ kind: 'http', secure: true }, 'https'],
    [{ kind: 'websocket' }, 'ws'],
    [{ kind: 'websocket', secure: true }, 'wss'],
    [{ kind: 'stream' }, 'tcp'],
    [{ kind: 'stream', untouched: 'live' }, 'tcp'],
    [{ kind: 'stream', secure: true }, 'tcp+tls'],
    [{ kind: 'stream', untouched: 'passthrough' }, 'tls'],
    [{ kind: 'connect' }, 'tcp'],
    [{ kind: 'dns', port: 53 }, 'dns'],
  ])('of %j is %s', (entry, protocol) => {
    expect(inventoryOf(entry).list().entries).toMatchObject([{ protocol, count: 1 }]);
  });
});

test('an entry is a name, a port and a protocol, with all its addresses and ways of being learnt', () => {
  const { entries } = inventoryOf(
    { host: 'b.test', learnt: 'sni', address: '10.0.0.2', secure: true, port: 443 },
    { host: 'b.test', learnt: 'connect', secure: true, port: 443 },
    { host: 'b.test', learnt: 'host', address: '10.0.0.1', port: 80 },
    { host: 'b.test', learnt: 'host', address: '10.0.0.1', port: 80 },
    { host: 'a.test', learnt: 'url', port: 80 },
  ).list();
  expect(entries).toEqual([
    { name: 'a.test', port: 80, protocol: 'http', addresses: [], learnt: ['url'], count: 1 },
    {
      name: 'b.test',
      port: 80,
      protocol: 'http',
      addresses: ['10.0.0.1'],
      learnt: ['host'],
      count: 2,
    },
    {
      name: 'b.test',
      port: 443,
      protocol: 'https',
      addresses: ['10.0.0.2'],
      learnt: ['connect', 'sni'],
      count: 2,
    },
  ]);
});

test('the order does not depend on what came first', () => {
  const some = ['b.test', 'a.test', 'B.test', 'ä.test', '10.0.0.1'].map((host) => ({ host }));
  const one = inventoryOf(...some).list();
  expect(inventoryOf(...some.toReversed()).list()).toEqual(one);
});

describe('what nobody named', () => {
  const raw = { kind: 'stream', host: '10.0.0.5', address: '10.0.0.5', port: 5432 } as const;

  test('has the name that was told for its address', () => {
    const asked = { kind: 'dns', host: 'db.test', port: 53, addresses: ['10.0.0.5'] } as const;
    expect(inventoryOf(asked, raw).list().entries).toEqual([
      {
        name: 'db.test',
        port: 53,
        protocol: 'dns',
        addresses: ['10.0.0.5'],
        learnt: ['dns'],
        count: 1,
      },
      {
        name: 'db.test',
        port: 5432,
        protocol: 'tcp',
        addresses: ['10.0.0.5'],
        learnt: ['dns'],
        count: 1,
      },
    ]);
  });

  test('has none, and is known by its address', () => {
    const other = { ...raw, host: '10.0.0.6', address: '10.0.0.6' };
    expect(inventoryOf(raw, raw, other).list().entries).toMatchObject([
      { name: null, addresses: ['10.0.0.5'], learnt: ['unknown'], count: 2 },
      { name: null, addresses: ['10.0.0.6'], learnt: ['unknown'], count: 1 },
    ]);
  });
});

test('no path, query or credential comes into it', () => {
  const entry = { path: '/secret?key=secret', host: 'a.test', interaction: 'secret', id: 'secret' };
  expect(JSON.stringify(inventoryOf(entry).list())).not.toContain('secret');
});

describe('the bound', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ host: `h${at}.test`, outcome: 'live' as const }));

  test('is 500 entries; what finds no place is counted', () => {
    const whole = inventoryOf(...many(500)).list();
    expect([whole.entries.length, whole.entriesMax, whole.omitted]).toEqual([500, 500, 0]);
    // One that has its place is counted there.
    const passed = inventoryOf(...many(502), { host: 'h0.test' }).list();
    expect([passed.entries.length, passed.omitted]).toEqual([500, 2]);
    expect(passed.entries.find(({ name }) => name === 'h0.test')?.count).toBe(2);
  });

  test('of live neighbours leads the rest to one place', () => {
    const live = inventoryOf(...many(503)).live();
    expect(live).toHaveLength(501);
    expect(live.find(({ destination }) => destination === 'others')).toEqual({
      destination: 'others',
      count: 3,
    });
  });

  test('of the addresses of an entry is eight', () => {
    const some = Array.from({ length: 20 }, (_, at) => ({
      host: 'a.test',
      address: `10.0.0.${at}`,
    }));
    expect(inventoryOf(...some).list().entries[0]?.addresses).toHaveLength(8);
  });
});

test('live neighbours are counted by host and port, their names apart', () => {
  const live = { outcome: 'live', host: 'db.test', port: 5432, kind: 'stream' } as const;
  const keeper = inventoryOf(
    live,
    live,
    { ...live, host: 'a.test' },
    { host: 'other.test' },
    {
      ...live,
      kind: 'dns',
      port: 53,
    },
  );
  expect(keeper.live()).toEqual([
    { destination: 'a.test:5432', count: 1 },
    { destination: 'db.test:5432', count: 2 },
  ]);
});
