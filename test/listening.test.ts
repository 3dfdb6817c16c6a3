import { networkInterfaces } from 'node:os';
import { pino } from 'pino';
import { describe, expect, test } from '@jest/globals';
import { Failure } from '../src/exchange/failure.ts';
import { capturesIpv6, listenOnAll, ownDestinations } from '../src/listening.ts';
import { reachesIpv6 } from '../src/support/interfaces.ts';

const log = pino({ level: 'silent' });

/** A listener that notes what it was asked, gives free ports from 4000 on, and fails where it is told to. */
function listener(fails: Readonly<Record<string, Failure>> = {}) {
  const asked: string[] = [];
  const listen = async (host: string, port: number) => {
    asked.push(`${host} ${port}`);
    const failure = fails[host];
    if (failure !== undefined) throw failure;
    return { address: host, port: port === 0 ? 4000 : port };
  };
  return { asked, listen };
}

function failing(code: string): Failure {
  const cause = Object.assign(new Error(code), { code });
  return new Failure('LISTEN_FAILED', 'x', { cause });
}

describe('listening', () => {
  test('a free port is the same on each host', async () => {
    const { asked, listen } = listener();
    expect(await listenOnAll({ listen }, { hosts: ['127.0.0.1', '::1'], port: 0 }, log)).toEqual([
      { host: '127.0.0.1', port: 4000 },
      { host: '::1', port: 4000 },
    ]);
    expect(asked).toEqual(['127.0.0.1 0', '::1 4000']);
  });

  test('a machine without IPv6 does without it, unless that is all that was asked for', async () => {
    for (const code of ['EADDRNOTAVAIL', 'EAFNOSUPPORT']) {
      const { listen } = listener({ '::1': failing(code) });
      const both = { hosts: ['127.0.0.1', '::1'], port: 80 };
      expect(await listenOnAll({ listen }, both, log)).toEqual([{ host: '127.0.0.1', port: 80 }]);
      const only = listenOnAll({ listen }, { hosts: ['::1'], port: 80 }, log);
      await expect(only).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    }
  });

  test.each([
    ['127.0.0.1', 'EADDRNOTAVAIL'],
    ['::1', 'EACCES'],
  ])('%s that fails with %s is a start-up error', async (host, code) => {
    const { listen } = listener({ [host]: failing(code) });
    const both = listenOnAll({ listen }, { hosts: ['127.0.0.1', '::1'], port: 80 }, log);
    await expect(both).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
  });
});

describe('our own destinations', () => {
  const isOwn = ownDestinations([{ host: '127.0.0.1', port: 8888 }]);
  const addresses = Object.values(networkInterfaces()).flatMap((faces) => faces ?? []);

  test.each([
    'localhost',
    '127.0.0.1',
    '127.1.2.3',
    '::1',
    '0.0.0.0',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:0.0.0.0',
  ])('%s', (host) => {
    expect(isOwn({ host, port: 8888, secure: false })).toBe(true);
    expect(isOwn({ host, port: 8889, secure: false })).toBe(false);
  });

  test('every address of this machine', () => {
    expect(addresses).not.toEqual([]);
    for (const { address } of addresses) {
      expect(isOwn({ host: address, port: 8888, secure: true })).toBe(true);
      // As sockets name it where it was dialled by way of IPv6, or over one link.
      const other = address.includes(':') ? `${address}%eth0` : `::ffff:${address}`;
      expect(isOwn({ host: 'far.test', port: 8888, secure: true, address: other })).toBe(true);
    }
  });

  test('the address that the kernel named counts, not the name beside it', () => {
    const far = { host: 'far.test', port: 8888, secure: false };
    expect(isOwn(far)).toBe(false);
    expect(isOwn({ ...far, address: '127.0.0.1' })).toBe(true);
    expect(isOwn({ ...far, address: '192.0.2.1' })).toBe(false);
  });

  test('listeners that come later count too', () => {
    const listeners: { host: string; port: number }[] = [];
    const later = ownDestinations(listeners);
    expect(later({ host: 'localhost', port: 1, secure: false })).toBe(false);
    listeners.push({ host: '127.0.0.1', port: 1 });
    expect(later({ host: 'localhost', port: 1, secure: false })).toBe(true);
  });
});

test('IPv6 is captured where it is reached, and something listens for it', () => {
  const reaches = reachesIpv6();
  const on = (...hosts: readonly string[]) => hosts.map((host) => ({ host, port: 1 }));
  expect(capturesIpv6(on('127.0.0.1'))).toBe(false);
  expect(capturesIpv6(on())).toBe(false);
  expect(capturesIpv6(on('127.0.0.1', '::1'))).toBe(reaches);
  expect(capturesIpv6(on('0.0.0.0', '::'))).toBe(reaches);
});
