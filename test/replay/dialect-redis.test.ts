import { describe, expect, test } from '@jest/globals';
import { beginsRedis, redis } from '../../src/replay/dialect-redis.ts';
import { command } from '../mode/streams.ts';

const meaning = (text: string, from: 'client' | 'server' = 'client') =>
  redis.meaning(Buffer.from(text), from);
const asked = (...words: readonly string[]) => Buffer.from(command(...words));

describe('what a client says of itself is told from what it asks', () => {
  test.each([
    [command('CLIENT', 'SETINFO', 'LIB-VER', '1.2.3'), 'CLIENT SETINFO LIB-VER'],
    [command('client', 'setname', 'worker-17'), 'CLIENT SETNAME'],
    [command('HELLO', '3', 'AUTH', 'a', 'b'), 'HELLO 3'],
    [command('AUTH', 'secret'), 'AUTH'],
  ])('%j', (text, key) => {
    expect(meaning(text)).toEqual({ type: 'said', key });
  });

  test('the rest has to be equal', () => {
    expect(meaning(command('GET', 'a'))).toEqual({ type: 'said' });
    expect(meaning(command('PING', 'text'))).toEqual({ type: 'said' });
    expect(meaning(command('ping'))).toEqual({ type: 'idle', reply: Buffer.from('+PONG\r\n') });
  });
});

test('what is published is told from a reply', () => {
  const published = '*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n';
  expect(meaning(published, 'server')).toEqual({ type: 'said' });
  expect(meaning(published.replace('*', '>'), 'server')).toEqual({ type: 'said' });
  expect(meaning('*1\r\n$1\r\na\r\n', 'server')).toEqual({ type: 'reply' });
  expect(redis.repliesTo?.(asked('SUBSCRIBE', 'a', 'b'))).toBe(0);
  expect(redis.repliesTo?.(asked('GET', 'a'))).toBe(1);
});

test('commands that wait are known', () => {
  expect(redis.waits?.(asked('BLPOP', 'a', '5'))).toBe(true);
  expect(redis.waits?.(asked('XREAD', 'BLOCK', '0', 'STREAMS', 'a', '$'))).toBe(true);
  expect(redis.waits?.(asked('BITCOUNT', 'a'))).toBe(false);
});

test('a client is known by its first bytes', () => {
  expect(beginsRedis(asked('PING'))).toBe(true);
  expect(beginsRedis(Buffer.from('*a'))).toBe(false);
});
