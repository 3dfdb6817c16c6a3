import { describe, expect, test } from '@jest/globals';
import type { Exchange } from '../src/exchange/exchange.ts';
import { Failure } from '../src/exchange/failure.ts';
import { createLossReport, createReport, withHeadsLogged } from '../src/logging.ts';
import { logging } from './log-lines.ts';
import { answer, ask, askStream, upstreamOf } from './mode/harness.ts';

test('a failure is one line in the log, and counted', () => {
  const { lines, log } = logging();
  const counted: string[] = [];
  createReport(log, (code) => counted.push(code))(new Failure('MALFORMED_HTTP', 'no HTTP'));
  expect(counted).toEqual(['MALFORMED_HTTP']);
  expect(lines).toMatchObject([{ level: 40, code: 'MALFORMED_HTTP' }]);
  expect(lines[0]?.['msg']).toMatch(/^MALFORMED_HTTP: no HTTP; /);
});

test.each<[unknown, number]>([
  [Object.assign(new Error('x'), { code: 'ECONNRESET' }), 20],
  [undefined, 20],
  [new TypeError('x is not a function'), 50],
  [Object.assign(new TypeError('x'), { code: 'ERR_INVALID_CHAR' }), 20],
])('a connection lost by %p is told at level %i', (error, level) => {
  const { lines, log } = logging();
  createLossReport(log, () => {})('http', error);
  expect(lines).toMatchObject([{ level, where: 'http' }]);
});

test('a failure that ended a connection is reported as what it is', () => {
  const { lines, log } = logging();
  const told: Failure[] = [];
  const failure = new Failure('CLIENT_NOT_ALLOWED', 'x');
  createLossReport(log, (one) => told.push(one))('client', failure);
  expect(told).toEqual([failure]);
  expect(lines).toEqual([]);
});

describe('heads in the log', () => {
  const secret = [['Authorization', 'Bearer secret']] as const;

  test('stand there redacted, both ways', async () => {
    const { lines, log } = logging();
    const given = answer({ headers: [['Set-Cookie', 'a=secret']] });
    const upstream = upstreamOf(() => given);
    const logged = withHeadsLogged({ name: 'c', upstream }, log);
    const { exchange } = ask({ headers: secret });
    expect(await logged.upstream.open(exchange)).toBe(given);
    expect(lines).toMatchObject([
      { msg: 'request', id: exchange.id, to: 'far.test:80', method: 'GET' },
      { msg: 'response', id: exchange.id, status: 200 },
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
    expect(logged.upstream.offer).toBe(upstream.offer);
  });

  test('are none where there are none', async () => {
    const { lines, log } = logging();
    const headless = upstreamOf(() => ({
      body: undefined,
      ending: { type: 'refused' },
      outcome: 'forwarded',
    }));
    const logged = withHeadsLogged({ name: 'c', upstream: headless }, log);
    await logged.upstream.open(askStream() satisfies Exchange);
    expect(lines).toEqual([]);
    await logged.upstream.open(ask().exchange);
    expect(lines.map(({ msg }) => msg)).toEqual(['request']);
  });
});
