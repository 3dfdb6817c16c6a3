import { expect, test } from '@jest/globals';
import { playOf } from '../../src/replay/stream-script.ts';
import { command, linesOf, stream } from '../mode/streams.ts';

test('protocols that are known are played in their units, others as bytes', () => {
  const natsPlay = playOf(stream(['<INFO {}\r\n', '>CONNECT {}\r\n']));
  expect(natsPlay.units?.dialect.name).toBe('NATS');
  expect(natsPlay.serverFirst).toBe(true);
  const redisPlay = playOf(stream([`>${command('GET', 'a')}`, '<+A\r\n']));
  expect(redisPlay.units?.dialect.name).toBe('Redis');
  expect(redisPlay.serverFirst).toBe(false);
  expect(playOf(stream(['>hello', '<world'])).units).toBeUndefined();
  // It began like Redis, and went on as something else.
  expect(playOf(stream([`>${command('GET', 'a')}`, '<world\n'])).units).toBeUndefined();
});

test('each script that is begun is its own', () => {
  const play = playOf(stream(['>a', '<b']));
  const [one, other] = [play.begin(), play.begin()];
  one.take(Buffer.from('a'));
  expect([linesOf(one), linesOf(other)]).toEqual(['b', '']);
});
