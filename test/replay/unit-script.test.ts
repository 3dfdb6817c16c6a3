import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { nats } from '../../src/replay/dialect-nats.ts';
import { redis } from '../../src/replay/dialect-redis.ts';
import type { Dialect } from '../../src/replay/dialect.ts';
import type { Script } from '../../src/replay/stream-script.ts';
import { unitsOf } from '../../src/replay/stream-units.ts';
import { createUnitScript } from '../../src/replay/unit-script.ts';
import type { Said } from '../mode/streams.ts';
import { command, linesOf, stream } from '../mode/streams.ts';

function begin(dialect: Dialect, ...said: readonly Said[]): Script {
  const units = unitsOf(stream(said), dialect);
  if (units === undefined) throw new Error('not of this protocol');
  return createUnitScript(units);
}

const take = (script: Script, text: string) => script.take(Buffer.from(text, 'latin1'));
const get = (key: string): string => command('GET', key);

test('things said in another order are answered in theirs', () => {
  const script = begin(redis, `>${get('a')}${get('b')}${get('c')}`, '<+A\r\n+B\r\n+C\r\n');
  take(script, get('b'));
  expect(linesOf(script)).toBe('+B\r\n');
  expect(script.misplaced).toBe(1);
  take(script, get('c') + get('a'));
  expect(linesOf(script)).toBe('+B\r\n+C\r\n+A\r\n');
});

test('what belongs together is answered together', () => {
  const transaction = (key: string): string => command('MULTI') + get(key) + command('EXEC');
  const script = begin(
    redis,
    `>${transaction('a')}${transaction('b')}`,
    '<+OK\r\n+QUEUED\r\n*1\r\n+A\r\n+OK\r\n+QUEUED\r\n*1\r\n+B\r\n',
  );
  take(script, transaction('b'));
  expect(linesOf(script)).toMatch(/\+B\r\n$/);
});

test('any cut of the same bytes has the same answer', () => {
  const said = `${get('a')}${command('PING')}${get('b')}`;
  fc.assert(
    fc.property(fc.array(fc.nat(said.length)), (places) => {
      const script = begin(redis, `>${get('a')}${get('b')}`, '<+A\r\n+B\r\n');
      let from = 0;
      for (const to of [...places.toSorted((a, b) => a - b), said.length]) {
        expect(take(script, said.slice(from, to))).toBeUndefined();
        from = to;
      }
      expect(linesOf(script)).toBe('+A\r\n+PONG\r\n+B\r\n');
    }),
  );
});

test('an inbox of this run is what the reply goes to', () => {
  const script = begin(
    nats,
    '<INFO {}\r\n',
    '>CONNECT {}\r\nSUB _INBOX.AAAA.* 1\r\nPUB a _INBOX.AAAA.BBBB 1\r\nx\r\n',
    '<MSG _INBOX.AAAA.BBBB 1 1\r\ny\r\n',
  );
  take(script, 'CONNECT {"other":1}\r\nPING\r\nSUB _INBOX.CCCC.* 1\r\n');
  expect(linesOf(script)).toBe('INFO {}\r\nPONG\r\n');
  take(script, 'PUB a _INBOX.CCCC.DDDD 1\r\nx\r\n');
  expect(linesOf(script)).toBe('INFO {}\r\nPONG\r\nMSG _INBOX.CCCC.DDDD 1 1\r\ny\r\n');
});

describe('what was not recorded', () => {
  test('is told of, and kept until somebody knows an answer', () => {
    const script = begin(redis, `>${get('a')}`, '<+A\r\n');
    take(script, get('a'));
    const offset = get('a').length;
    expect(take(script, get('z'))).toMatchObject({ offset, got: Buffer.from(get('z')) });
    const line = { atMs: 0, delayMs: 0, bytes: Buffer.from('+Z\r\n') };
    expect(script.take(Buffer.alloc(0), () => [line])).toBeUndefined();
    expect(linesOf(script)).toBe('+A\r\n+Z\r\n');
  });

  test('is not waited for without an end', () => {
    const script = begin(redis, `>${get('a')}`, '<+A\r\n');
    expect(take(script, '*1\r\n$999999999\r\n')).toBeUndefined();
    expect(take(script, 'x'.repeat(100_000))).toMatchObject({ offset: 0 });
  });

  test('nor is what is none of the protocol', () => {
    const script = begin(redis, `>${get('a')}`, '<+A\r\n');
    expect(take(script, 'hello\r\n')).toMatchObject({ offset: 0, got: Buffer.from('hello\r\n') });
  });
});

test('the end of the server waits for that of the client where that came first', () => {
  const script = begin(redis, `>${get('a')}`, '<+A\r\n', '>', '<');
  take(script, get('a'));
  expect(linesOf(script)).toBe('+A\r\n');
  script.end();
  expect(linesOf(script)).toBe('+A\r\n.');
});
