import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { liveExchange, nextExchangeId, requestBody } from '../../src/wire/http-exchange.ts';

function request(headers: Record<string, string> = {}): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.method = 'PUT';
  message.httpVersion = '1.1';
  Object.assign(message.headers, headers);
  message.rawHeaders = ['X-A', '1', 'Connection', 'x-b', 'X-B', '2'];
  return message;
}

const target = { destination: { host: 'h', port: 80, secure: false }, path: '/p' };

function live(message = request()) {
  const inform = (): void => {};
  return liveExchange({
    kind: 'http',
    request: message,
    target,
    body: undefined,
    startedAt: 5,
    inform,
  });
}

test('ids are never the same', () => {
  expect(nextExchangeId()).not.toBe(nextExchangeId());
});

test('an exchange is what the request says, less what is hop-by-hop', () => {
  expect(live().exchange).toMatchObject({
    kind: 'http',
    destination: target.destination,
    startedAt: 5,
    head: { method: 'PUT', path: '/p', headers: [['X-A', '1']], httpVersion: '1.1' },
  });
});

test('its signal aborts when the client leaves, the first reason counts', () => {
  const { exchange, leave } = live();
  const { signal } = exchange;
  expect(exchange.signal).toBe(signal);
  expect(signal.aborted).toBe(false);
  leave({ type: 'reset', by: 'client' });
  leave({ type: 'cut', by: 'client' });
  expect(signal.reason).toEqual({ type: 'reset', by: 'client' });
});

test('a signal that is asked for late is aborted already', () => {
  const { exchange, leave } = live();
  leave({ type: 'cut', by: 'client' });
  expect(exchange.signal.aborted).toBe(true);
});

test('bodies are absent, empty or in parts', () => {
  expect(requestBody(request(), 0)).toBeUndefined();
  expect(requestBody(request({ 'content-length': '0' }), 0)).toEqual(Buffer.alloc(0));
  for (const headers of [{ 'content-length': '1' }, { 'transfer-encoding': 'chunked' }]) {
    const body = requestBody(request(headers), 0);
    expect(body !== undefined && Symbol.asyncIterator in body).toBe(true);
  }
});

test('a body that breaks off ends quietly', async () => {
  const message = request({ 'content-length': '9' });
  const body = requestBody(message, performance.now());
  if (body === undefined || Buffer.isBuffer(body)) throw new Error('not in parts');
  message.push('abc');
  setImmediate(() => message.destroy(new Error('aborted')));
  const heard: string[] = [];
  for await (const { bytes, kind } of body) heard.push(`${kind} ${bytes.toString()}`);
  expect(heard).toEqual(['data abc']);
});
