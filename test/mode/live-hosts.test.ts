import { describe, expect, test } from '@jest/globals';
import type { Destination } from '../../src/exchange/destination.ts';
import { createLiveHosts } from '../../src/mode/live-hosts.ts';

const to = (host: string, port = 5432, more: Partial<Destination> = {}): Destination => ({
  host,
  port,
  secure: false,
  ...more,
});

/** What the kernel brings: a destination of which only the address is known. */
const captured = (address: string, port = 5432): Destination => to(address, port, { address });

describe('a live neighbour', () => {
  const hosts = createLiveHosts(['db.test:5432', '*.live.test', '10.9.0.0/16']);

  test.each([
    to('db.test'),
    to('a.live.test', 1),
    to('10.9.1.1', 80),
    captured('10.9.1.1'),
    // The range is listed, whatever name its server is asked for.
    to('other.test', 443, { address: '10.9.1.1' }),
  ])('is dialled as it is: %j', (destination) => {
    expect(hosts.find(destination)).toBe(destination);
    expect(hosts.isSure(destination)).toBe(true);
  });

  test.each([to('db.test', 80), to('live.test'), to('other.test'), captured('10.8.1.1')])(
    'is none of the others: %j',
    (destination) => {
      expect(hosts.find(destination)).toBeUndefined();
      expect(hosts.isSure(destination)).toBe(false);
    },
  );
});

describe('an address that was told for a live name', () => {
  test('is that of the neighbour, on its port, but not for sure: others may share it', () => {
    const hosts = createLiveHosts(['db.test:5432']);
    expect(hosts.find(captured('10.0.0.5'))).toBeUndefined();
    hosts.learn('db.test', ['10.0.0.5', '::5']);
    const found = { address: '10.0.0.5', host: 'db.test', learnt: 'dns' };
    expect(hosts.find(captured('10.0.0.5'))).toMatchObject(found);
    expect(hosts.isSure(captured('10.0.0.5'))).toBe(false);
    expect(hosts.find(captured('10.0.0.5', 80))).toBeUndefined();
    expect(hosts.find(to('other.test', 5432, { address: '10.0.0.5' }))).toBeUndefined();
  });

  test('is dialled for the name it was told for', () => {
    const hosts = createLiveHosts(['db.test']);
    hosts.learn('db.test', ['10.0.0.5']);
    const destination = to('db.test', 443, { address: '10.0.0.5', learnt: 'sni' });
    expect(hosts.find(destination)).toBe(destination);
  });
});

test('an address that no resolver told is not dialled because a client claims a live name for it', () => {
  const hosts = createLiveHosts(['db.test']);
  const claimed = to('db.test', 443, { address: '203.0.113.9', learnt: 'sni' });
  expect(hosts.find(claimed)).toEqual({ host: 'db.test', port: 443, secure: false, learnt: 'sni' });
});

describe('the name in a question', () => {
  const hosts = createLiveHosts(
    ['db:5432', '*.live.test', '10.0.0.0/8'],
    ['lan.test', 'svc.local'],
  );

  test.each([
    ['db', 'db'],
    ['db.lan.test', 'db'],
    ['db.svc.local', 'db'],
    ['a.live.test', 'a.live.test'],
    ['a.live.test.lan.test', 'a.live.test'],
    ['_postgres._tcp.a.live.test', 'a.live.test'],
  ])('%s is that of %s', (question, name) => {
    expect(hosts.nameIn(question)).toBe(name);
  });

  test.each(['other', 'db.other.test', 'xlan.test', 'live.test'])('%s is nobody’s', (question) => {
    expect(hosts.nameIn(question)).toBeUndefined();
  });
});
