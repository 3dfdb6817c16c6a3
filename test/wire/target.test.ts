import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, test } from '@jest/globals';
import type { Arrival } from '../../src/exchange/arrival.ts';
import { targetOf } from '../../src/wire/target.ts';

function target(
  url: string | undefined,
  {
    host,
    secure = false,
    ...arrival
  }: Partial<Arrival> & { readonly host?: string; readonly secure?: boolean } = {},
) {
  const socket = secure ? new TLSSocket(new Socket()) : new Socket();
  const request = new IncomingMessage(socket);
  request.method = 'GET';
  if (url !== undefined) request.url = url;
  else delete request.url;
  if (host !== undefined) request.headers.host = host;
  return targetOf(request, {
    socket,
    client: { address: '127.0.0.1', port: 1 },
    session: { name: 'default', upstream: { offer: never, open: never } },
    depth: 0,
    reset: () => {},
    ...arrival,
  });
}

const never = (): Promise<never> => Promise.reject(new Error('never'));

test('a URL keeps the address that the kernel named', () => {
  const destination = { host: '10.0.0.1', port: 80, secure: false, address: '10.0.0.1' };
  expect(target('http://far.test/x', { destination })).toEqual({
    destination: { host: 'far.test', port: 80, secure: false, address: '10.0.0.1', learnt: 'url' },
    path: '/x',
  });
});

test('the Host header has the port of the scheme where it names none', () => {
  expect(target('/x', { host: 'far.test' })).toMatchObject({
    destination: { host: 'far.test', port: 80, secure: false },
  });
  expect(target('/x', { host: 'far.test', secure: true })).toMatchObject({
    destination: { host: 'far.test', port: 443, secure: true },
  });
});

test('a request without a target is one for the root', () => {
  expect(target(undefined, { host: 'far.test' })).toMatchObject({ path: '/' });
});

test.each(['http://', 'http:///x', 'far.test:80', 'gopher://far.test/', 'http://a b/'])(
  '%s is no URL',
  (url) => {
    expect(target(url)).toMatchObject({ code: 'DESTINATION_UNKNOWN' });
  },
);

test.each([
  ['far.test', 'far.test'],
  ['Far.test:8080', 'far.test'],
  ['no host', '10.0.0.1'],
  [undefined, '10.0.0.1'],
])('a Host header (%s) names what only the kernel has named', (host, name) => {
  const destination = { host: '10.0.0.1', port: 80, secure: false, address: '10.0.0.1' };
  expect(target('/x', { destination, ...(host !== undefined && { host }) })).toEqual({
    destination: {
      ...destination,
      host: name,
      ...(name === 'far.test' && { learnt: 'host' }),
    },
    path: '/x',
  });
});

test('a Host header does not rename what has a name', () => {
  const destination = { host: 'near.test', port: 80, secure: false, address: '10.0.0.1' };
  expect(target('/x', { destination, host: 'far.test' })).toMatchObject({ destination });
});

test('a URL for another port than was connected to is meant for a proxy, and loses the address', () => {
  const destination = { host: '10.0.0.1', port: 3128, secure: false, address: '10.0.0.1' };
  expect(target('http://far.test/x', { destination })).toEqual({
    destination: { host: 'far.test', port: 80, secure: false, learnt: 'url' },
    path: '/x',
  });
});
