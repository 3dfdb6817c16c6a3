import { Duplex } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { Arrival } from '../../src/exchange/arrival.ts';
import type { Destination } from '../../src/exchange/destination.ts';
import { askInSilence, askTerms, isCaptured } from '../../src/intake/terms.ts';

const destination: Destination = { host: 'a.test', port: 443, secure: false };

function arrival(own: Partial<Arrival> = {}): Arrival {
  return {
    socket: new Duplex(),
    client: { address: '127.0.0.1', port: 4000 },
    session: {
      name: 'test',
      upstream: {
        offer: () => Promise.resolve({ type: 'terms', alpn: 'http/1.1' }),
        open: () => Promise.reject(new Error('nothing is opened')),
      },
    },
    depth: 0,
    reset: () => {},
    ...own,
  };
}

test.each([
  [destination, false, 'terms'],
  [destination, true, 'unknown'],
  [{ ...destination, host: 'magneto.local' }, false, 'unknown'],
])('the terms of %p, our own %s: %s', async (wanted, own, type) => {
  const offer = await askTerms(arrival(), { destination: wanted, isOwn: () => own });
  expect(offer.type).toBe(type);
});

test('captured is what the kernel brought, until a tunnel or TLS lies around it', () => {
  const kernels = { ...destination, address: '10.0.0.9' };
  expect(isCaptured(arrival({ destination: kernels }))).toBe(true);
  expect(isCaptured(arrival({ destination: kernels, depth: 1 }))).toBe(false);
  expect(isCaptured(arrival({ destination }))).toBe(false);
  expect(isCaptured(arrival())).toBe(false);
});

test.each([
  [{ destination: { ...destination, address: '10.0.0.9' } }, undefined, 1],
  [{ destination: { ...destination, address: '10.0.0.9' } }, 'alone', 1],
  [{ destination: { ...destination, address: '10.0.0.9' } }, 'shared', 0],
  [{}, undefined, 0],
] as const)(
  'a silent client (%j, likely %s) of a server that is gone is reset %d times',
  async (own, likely, times) => {
    let resets = 0;
    const gone = { type: 'ended', ending: { type: 'refused' } } as const;
    const session = {
      ...arrival().session,
      upstream: { ...arrival().session.upstream, offer: () => Promise.resolve(gone) },
    };
    const silent = arrival({ ...own, session, reset: () => (resets += 1) });
    expect(await askInSilence(silent, { destination, likely, isOwn: () => false })).toBe(gone);
    expect(resets).toBe(times);
  },
);
