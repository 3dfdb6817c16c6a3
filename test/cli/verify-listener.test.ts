import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { openTestListener } from '../../src/cli/verify-listener.ts';
import { isTaken } from '../../src/cli/verify-dial.ts';
import { freePort } from '../end-to-end/child.ts';

function ask(port: number, path: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      text(response).then(resolve, () => resolve('lost'));
    });
    request.on('error', () => resolve('lost'));
  });
}

test('a listener answers test connections, passes nothing on, and is gone when closed', async () => {
  const port = await freePort();
  const listener = await openTestListener(port);
  const answer = await ask(port, 'http://magneto.local/self-test?nonce=ab&expects=192.0.2.2:80');
  expect(JSON.parse(answer)).toEqual({ nonce: 'ab', run: listener.run, destination: null });
  expect(await ask(port, 'http://127.0.0.1:9/')).toBe('lost');
  await listener.close();
  expect(await isTaken(port)).toBe(false);
});

test('a port that is taken is said to be', async () => {
  const port = await freePort();
  const listener = await openTestListener(port);
  await expect(openTestListener(port)).rejects.toMatchObject({ code: 'PORT_TAKEN' });
  await listener.close();
});
