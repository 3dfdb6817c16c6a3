import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { Arrival } from '../../src/exchange/arrival.ts';
import type { Offer } from '../../src/exchange/upstream.ts';
import { look, seenOf, wholeSocket } from '../../src/intake/look.ts';
import { allOf, pause } from './tools.ts';

function arrivalOn(socket: Duplex): Arrival {
  const upstream = {
    offer: () => Promise.reject(new Error('not here')),
    open: () => Promise.reject(new Error('not here')),
  };
  return {
    socket,
    client: { address: '127.0.0.1', port: 1 },
    session: { name: 'test', upstream },
    depth: 0,
    reset: () => {},
  };
}

const quiet = { offer: undefined, ask: undefined, silenceMs: 20, likely: undefined };
const spoken: Offer = { type: 'terms', serverSpoke: Promise.resolve() };

test('knows who is silent, until it is no more', async () => {
  const [left, right] = duplexPair();
  const silent = new Set<Duplex>();
  const looking = look(arrivalOn(left), { ...quiet, silent });
  await pause(1);
  expect(silent.has(left)).toBe(true);
  right.write('G');
  await pause(5);
  expect(silent.size).toBe(0);
  right.write('ET /');
  expect(seenOf(await looking)).toBe('http');
});

describe('a server that speaks first', () => {
  test('by the terms that are known', async () => {
    const [left] = duplexPair();
    const peeked = await look(arrivalOn(left), { ...quiet, offer: spoken, silent: new Set() });
    expect(seenOf(peeked)).toBe('serverSpoke');
  });

  test('is asked for after a silence', async () => {
    const [left] = duplexPair();
    const startedAt = performance.now();
    const ask = (): Promise<Offer> => Promise.resolve(spoken);
    const peeked = await look(arrivalOn(left), { ...quiet, ask, silent: new Set() });
    expect(seenOf(peeked)).toBe('serverSpoke');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(19);
  });

  test('is not asked for where the client speaks in time', async () => {
    const [left, right] = duplexPair();
    let asked = 0;
    const ask = async (): Promise<Offer> => {
      asked++;
      return spoken;
    };
    const looking = look(arrivalOn(left), { ...quiet, ask, silent: new Set() });
    right.write('GE');
    await pause(60);
    right.write('T /');
    expect(seenOf(await looking)).toBe('http');
    expect(asked).toBe(0);
  });

  test.each<[string, Offer]>([
    ['terms without a word', { type: 'terms' }],
    ['an ending', { type: 'ended', ending: { type: 'refused' } }],
    ['nothing known', { type: 'unknown' }],
    ['a server that stays silent', { type: 'terms', serverSpoke: new Promise(() => {}) }],
  ])('is not seen in %s: detection goes on', async (_, offer) => {
    const [left, right] = duplexPair();
    const ask = (): Promise<Offer> => Promise.resolve(offer);
    const looking = look(arrivalOn(left), { ...quiet, ask, silenceMs: 1, silent: new Set() });
    await pause(30);
    right.write('GET /');
    expect(seenOf(await looking)).toBe('http');
  });
});

test('bytes of a client that ended early are read again from the whole socket', async () => {
  const [left, right] = duplexPair();
  const looking = look(arrivalOn(left), { ...quiet, silent: new Set() });
  right.end('hello');
  const peeked = await looking;
  expect(seenOf(peeked)).toBe('endedShort');
  const whole = wholeSocket(left, peeked);
  expect(await allOf(whole)).toBe('hello');
  whole.end('answer');
  expect(await allOf(right)).toBe('answer');
  expect(wholeSocket(left, { type: 'interrupted' })).toBe(left);
});

test('an end or a loss without a word', async () => {
  const [ended, other] = duplexPair();
  other.end();
  expect(seenOf(await look(arrivalOn(ended), { ...quiet, silent: new Set() }))).toBe('endedSilent');
  const [lost] = duplexPair();
  lost.destroy();
  expect(seenOf(await look(arrivalOn(lost), { ...quiet, silent: new Set() }))).toBe('lost');
});

describe('what is likely to be passed on as it is', () => {
  const likely = { ...quiet, likely: 'alone' as const };

  test('is raw when it says too little for too long, with all that it said', async () => {
    const [left, right] = duplexPair();
    const looking = look(arrivalOn(left), { ...likely, silent: new Set() });
    right.write('pi');
    await pause(5);
    right.write('ng');
    expect(seenOf(await looking)).toBe('raw');
    expect(String(left.read())).toBe('ping');
  });

  test('is waited for where it begins TLS, whose server name says whose it is', async () => {
    const [left, right] = duplexPair();
    const looking = look(arrivalOn(left), { ...likely, silent: new Set() });
    right.write(Buffer.from([0x16, 3]));
    const first = await Promise.race([looking, pause(80)]);
    expect(first).toBeUndefined();
    right.end();
    expect(seenOf(await looking)).toBe('endedShort');
  });

  test('has its server asked at once', async () => {
    const [left] = duplexPair();
    const began = performance.now();
    const ask = () => Promise.resolve(spoken);
    const options = { ...likely, silenceMs: 5_000, ask, silent: new Set<Duplex>() };
    expect(seenOf(await look(arrivalOn(left), options))).toBe('serverSpoke');
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
