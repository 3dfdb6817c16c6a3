import { describe, expect, test } from '@jest/globals';
import { nats } from '../../src/replay/dialect-nats.ts';
import { redis } from '../../src/replay/dialect-redis.ts';
import { unitsOf } from '../../src/replay/stream-units.ts';
import { command, stream } from '../mode/streams.ts';

const text = (bytes: Buffer | undefined) => bytes?.toString();

describe('a recorded stream is read in units', () => {
  test('of NATS, however it was cut, without what keeps it alive', () => {
    const units = unitsOf(
      stream([
        '<INFO {}\r\n',
        '>CONNECT {}\r\nPING\r\nSU',
        '<PONG\r\nPING\r\n',
        '>B a 1\r\nPONG\r\n',
        '<MSG a 1 1\r\n',
        '<x\r\n',
        '<',
      ]),
      nats,
    );
    expect(units?.asks.map(({ bytes, key }) => [text(bytes), key])).toEqual([
      ['CONNECT {}\r\n', 'CONNECT'],
      ['SUB a 1\r\n', undefined],
    ]);
    expect(units?.cues.map(({ after, line }) => [after, text(line.bytes), line.atMs])).toEqual([
      [0, 'INFO {}\r\n', 0],
      [2, 'MSG a 1 1\r\nx\r\n', 50],
      [2, undefined, 60],
    ]);
  });

  test('of Redis, each reply with what it replies to', () => {
    const published = '*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n';
    const units = unitsOf(
      stream([
        `>${command('GET', 'a')}${command('PING')}${command('GET', 'b')}`,
        `<$1\r\n1\r\n+PONG\r\n${published}$-1\r\n`,
      ]),
      redis,
    );
    expect(units?.asks.map(({ replies }) => replies.map(({ bytes }) => text(bytes)))).toEqual([
      ['$1\r\n1\r\n'],
      ['$-1\r\n'],
    ]);
    expect(units?.cues.map(({ after, line }) => [after, text(line.bytes)])).toEqual([
      [2, published],
    ]);
  });
});

test('a stream that is not all of its protocol is none of it', () => {
  expect(unitsOf(stream([`>${command('GET', 'a')}`, '<what?\r\n']), redis)).toBeUndefined();
  expect(unitsOf(stream([`>${command('GET', 'a')}`, '<+a\r\n+b\r\n']), redis)).toBeUndefined();
});

test('a last thing that is not whole is said so, and not waited for', () => {
  const units = unitsOf(stream([`>${command('GET', 'a')}*1\r\n`, '<$5\r\nab']), redis);
  expect(units?.asks).toHaveLength(1);
  expect(units?.asks[0]?.replies).toEqual([]);
  expect(units?.cues).toMatchObject([{ after: 1, line: { bytes: Buffer.from('$5\r\nab') } }]);
});
