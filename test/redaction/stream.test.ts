import { describe, expect, test } from '@jest/globals';
import { redactSaid } from '../../src/redaction/stream.ts';

const command = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
const said = (text: string): string => redactSaid(Buffer.from(text)).toString();

describe('credentials of a raw stream become as many x', () => {
  test.each([
    ['AUTH with a password', command('AUTH', 'secret'), command('AUTH', 'xxxxxx')],
    ['AUTH with a user', command('auth', 'joe', 'secret'), command('auth', 'xxx', 'xxxxxx')],
    [
      'HELLO that logs in',
      command('HELLO', '3', 'AUTH', 'joe', 'secret', 'SETNAME', 'me'),
      command('HELLO', '3', 'AUTH', 'xxx', 'xxxxxx', 'SETNAME', 'me'),
    ],
    [
      'CONNECT of NATS',
      'CONNECT {"verbose":false,"user":"joe","pass":"se\\"cret","name":"me"}\r\nPING\r\n',
      'CONNECT {"verbose":false,"user":"xxx","pass":"xxxxxxxx","name":"me"}\r\nPING\r\n',
    ],
    [
      'a signed nonce',
      'CONNECT {"jwt":"a.b.c","sig":"123","auth_token":"t"}\r\n',
      'CONNECT {"jwt":"xxxxx","sig":"xxx","auth_token":"x"}\r\n',
    ],
  ])('%s', (_what, text, without) => {
    expect(said(text)).toBe(without);
    expect(said(without)).toBe(without);
  });

  test('in the midst of other commands', () => {
    const text = command('PING') + command('AUTH', 'secret') + command('GET', 'AUTH');
    expect(said(text)).toBe(command('PING') + command('AUTH', 'xxxxxx') + command('GET', 'AUTH'));
  });
});

test('what has none is handed back as it is', () => {
  for (const text of ['', command('SET', 'AUTH', 'x'), '\xff\x00AUTH', 'author CONNECT {']) {
    const bytes = Buffer.from(text, 'latin1');
    expect(redactSaid(bytes)).toBe(bytes);
  }
});
