import { describe, expect, test } from '@jest/globals';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Upstream } from '../../src/exchange/upstream.ts';
import { withoutAlternatives } from '../../src/mode/without-alternatives.ts';
import { ask } from './harness.ts';

const headers: Headers = [
  ['Server', 'one'],
  ['alt-svc', 'h3=":443"; ma=86400'],
  ['X', '1'],
  ['Alt-Svc', 'clear'],
  ['ALT-SVC', 'h2="other:8443"'],
];
const kept: Headers = [
  ['Server', 'one'],
  ['X', '1'],
  ['Alt-Svc', 'clear'],
];
const head = { status: 200, statusText: 'OK', headers, httpVersion: '1.1' };

const upstream: Upstream = {
  offer: () => Promise.resolve({ type: 'terms', alpn: 'http/1.1' }),
  async open(exchange) {
    if (exchange.kind !== 'stream') exchange.inform({ ...head, status: 103 });
    const ending = { type: 'finished', trailers: [] } as const;
    return { head, body: Buffer.from('body'), ending, outcome: 'forwarded' };
  },
};

async function seen(address: string | undefined): Promise<readonly (Headers | undefined)[]> {
  const host = { host: 'a.test', port: 443, secure: true };
  const destination = address === undefined ? host : { ...host, address };
  const { exchange, informed } = ask({ destination });
  const answer = await withoutAlternatives(upstream).open(exchange);
  expect(answer.body).toEqual(Buffer.from('body'));
  return [informed[0]?.headers, answer.head?.headers];
}

describe('other ways to a server', () => {
  test('are not told of to captured clients, but that they are gone', async () => {
    expect(await seen('1.2.3.4')).toEqual([kept, kept]);
  });

  test('are told of to those who were told of a proxy', async () => {
    expect(await seen(undefined)).toEqual([headers, headers]);
  });
});

test('terms are passed on', async () => {
  const { offer } = withoutAlternatives(upstream);
  expect(await offer({ host: 'a', port: 1, secure: true })).toMatchObject({ alpn: 'http/1.1' });
});
