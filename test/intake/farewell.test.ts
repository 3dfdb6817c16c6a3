import { duplexPair } from 'node:stream';
import { expect, test } from '@jest/globals';
import { Failure } from '../../src/exchange/failure.ts';
import { decodeErrorAlert, farewell, problemBytes } from '../../src/intake/farewell.ts';
import { allOf, pause } from './tools.ts';

test('last words arrive, whatever the client still says, and then the socket closes', async () => {
  const [left, right] = duplexPair();
  const heard = allOf(right);
  right.write('x'.repeat(200_000));
  farewell(left, Buffer.from('bye'));
  right.end();
  expect(await heard).toBe('bye');
  await pause(10);
  expect(left.destroyed).toBe(true);
});

test('a client that does not close is not waited for', async () => {
  const [left, right] = duplexPair();
  const heard = allOf(right);
  farewell(left, decodeErrorAlert);
  expect(await heard).toBe('\u0015\u0003\u0003\u0000\u0002\u0002\u0032');
  await pause(1100);
  expect(left.destroyed).toBe(true);
});

test('a problem is a whole answer in HTTP', () => {
  const text = problemBytes(new Failure('CLIENT_NOT_ALLOWED', 'Zoë')).toString();
  const [head = '', body = ''] = text.split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 403 .+\r\n/);
  expect(head).toContain('X-Magneto-Failure: CLIENT_NOT_ALLOWED');
  expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
  expect(JSON.parse(body)).toMatchObject({
    status: 403,
    detail: 'Zoë',
    code: 'CLIENT_NOT_ALLOWED',
  });
});
