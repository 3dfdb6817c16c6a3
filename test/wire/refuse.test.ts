import { expect, test } from '@jest/globals';
import type { Ending } from '../../src/exchange/conversation.ts';
import type { FailureCode } from '../../src/exchange/failure.ts';
import { Failure, failures } from '../../src/exchange/failure.ts';
import { answerBytes, endedBeforeHead, ownAnswer, refusal } from '../../src/wire/refuse.ts';

const codes = Object.keys(failures) as FailureCode[];

test.each(codes)('%s becomes a problem with its code, words and remedy', (code) => {
  const { head, body } = refusal(new Failure(code, 'the detail'));
  const status = failures[code].status === 0 ? 502 : failures[code].status;
  expect(head.status).toBe(status);
  expect(head.statusText).not.toBe('Magneto');
  expect(head.headers).toContainEqual(['X-Magneto-Failure', code]);
  expect(head.headers).toContainEqual(['Content-Length', String(body.length)]);
  expect(JSON.parse(body.toString())).toEqual({
    type: `https://magneto.local/failures#${code}`,
    title: failures[code].title,
    status,
    detail: 'the detail',
    code,
    remedy: failures[code].remedy,
  });
});

test('only a miss has the status of a miss', () => {
  expect(refusal(new Failure('NO_MATCHING_INTERACTION', ''), 599).head).toMatchObject({
    status: 599,
    statusText: 'Magneto',
  });
  expect(refusal(new Failure('UPSTREAM_REFUSED', ''), 599).head.status).toBe(502);
});

test('an own answer as bytes ends its connection', () => {
  expect(String(answerBytes(ownAnswer(200, 'ok', [['A', 'b']])))).toBe(
    'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\nCache-Control: no-store\r\n' +
      'Connection: close\r\n\r\nok',
  );
});

test.each<[Ending, FailureCode | undefined]>([
  [{ type: 'refused' }, 'UPSTREAM_REFUSED'],
  [{ type: 'timedOut' }, 'UPSTREAM_TIMED_OUT'],
  [{ type: 'dns', code: 'ENOTFOUND' }, 'UPSTREAM_NAME_NOT_FOUND'],
  [{ type: 'tls', code: 'C', reason: 'r' }, 'UPSTREAM_CERTIFICATE'],
  [{ type: 'reset', by: 'server' }, undefined],
  [{ type: 'cut', by: 'client' }, undefined],
  [{ type: 'closed', by: 'server', code: 1000, reason: '' }, undefined],
  [{ type: 'finished', trailers: [] }, undefined],
])('%j before a head is %s', (ending, code) => {
  const failure = endedBeforeHead(ending, { host: 'far.test', port: 80, secure: false });
  expect(failure?.code).toBe(code);
  if (failure !== undefined) expect(failure.message).toContain('far.test');
});
