import { duplexPair } from 'node:stream';
import { expect, test } from '@jest/globals';
import { turnAway } from '../../src/intake/stranger.ts';
import { allOf } from './tools.ts';

test('HTTP is answered in words', async () => {
  const [left, right] = duplexPair();
  const heard = allOf(right);
  right.end('GET / HTTP/1.1\r\n\r\n');
  const next = await turnAway(left, '203.0.113.9:80');
  expect(next).toMatchObject({ to: 'refuse', failure: { code: 'CLIENT_NOT_ALLOWED' } });
  expect(await heard).toMatch(/^HTTP\/1\.1 403 [^]*203\.0\.113\.9:80/);
});

test('anything else is not', async () => {
  const [left, right] = duplexPair();
  right.write('*1\r\n');
  expect(await turnAway(left, 'x')).toMatchObject({ to: 'drop' });
  expect(left.destroyed).toBe(true);
});

test('nobody waits for one that says nothing', async () => {
  const [left] = duplexPair();
  expect(await turnAway(left, 'x')).toMatchObject({ to: 'drop' });
  expect(left.destroyed).toBe(true);
});
