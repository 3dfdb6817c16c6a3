import { describe, expect, test } from '@jest/globals';
import { beginsNats, nats } from '../../src/replay/dialect-nats.ts';

const cut = (text: string) => nats.cut(Buffer.from(text), 'client');
const meaning = (text: string, from: 'client' | 'server' = 'client') =>
  nats.meaning(Buffer.from(text), from);

describe('NATS is cut into what is said', () => {
  test.each([
    'PING\r\n',
    'CONNECT {"a":1}\r\n',
    'SUB a.* 1\r\n',
    'PUB a1 5\r\nhe\r\no\r\n',
    'pub a _INBOX.x.1 0\r\n\r\n',
    'HPUB a 12 17\r\nNATS/1.0\r\n\r\nhello\r\n',
    'MSG a 1 2\r\nhi\r\n',
    'HMSG a 1 12 12\r\nNATS/1.0\r\n\r\n\r\n',
    "-ERR 'no'\r\n",
  ])('%j', (text) => {
    expect(cut(`${text}PING\r\n`)).toBe(text.length);
    for (let length = 0; length < text.length; length += 1) {
      expect(cut(text.slice(0, length))).toBe('more');
    }
  });

  test('a line that does not end is none', () => {
    expect(cut('x'.repeat(100_000))).toBe('broken');
  });
});

test('what keeps alive is told from what is said', () => {
  expect(meaning('PING\r\n')).toMatchObject({ type: 'idle', reply: Buffer.from('PONG\r\n') });
  expect(meaning('PING\r\n', 'server')).toEqual({ type: 'idle' });
  expect(meaning('PONG\r\n')).toEqual({ type: 'idle' });
  expect(meaning('CONNECT {"lang":"go"}\r\n')).toEqual({ type: 'said', key: 'CONNECT' });
  expect(meaning('PINGS 1\r\n')).toEqual({ type: 'said' });
});

test('a server is known by its first words', () => {
  expect(beginsNats(Buffer.from('INFO {"server_id":"x"}'))).toBe(true);
  expect(beginsNats(Buffer.from('INFORMATION'))).toBe(false);
});
