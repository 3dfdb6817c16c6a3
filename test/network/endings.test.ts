import { describe, expect, test } from '@jest/globals';
import {
  codeOf,
  endingOfDial,
  endingOfHandshake,
  endingOfLoss,
  Unreachable,
} from '../../src/network/endings.ts';

function failed(code: string, more: object = {}): Error {
  return Object.assign(new Error(`words of ${code}`), { code, ...more });
}

describe('a dial that fails with', () => {
  test.each([
    ['ECONNREFUSED', { type: 'refused' }],
    ['ETIMEDOUT', { type: 'timedOut' }],
    ['EHOSTUNREACH', { type: 'timedOut' }],
    ['ENETUNREACH', { type: 'timedOut' }],
    ['ECONNRESET', { type: 'reset', by: 'server' }],
    ['EMFILE', undefined],
    ['EADDRNOTAVAIL', undefined],
  ])('%s ends with %j', (code, ending) => {
    expect(endingOfDial(failed(code, { syscall: 'connect' }))).toEqual(ending);
  });

  test.each(['ENOTFOUND', 'EAI_AGAIN'])('%s of the resolver ends with it', (code) => {
    expect(endingOfDial(failed(code, { syscall: 'getaddrinfo' }))).toEqual({ type: 'dns', code });
  });

  test('several addresses ends with the refusal, wherever it stands', () => {
    const errors = [failed('ENETUNREACH'), failed('ECONNREFUSED')];
    expect(endingOfDial(new AggregateError(errors))).toEqual({ type: 'refused' });
    expect(endingOfDial(new AggregateError([failed('ETIMEDOUT')]))).toEqual({ type: 'timedOut' });
    expect(endingOfDial(new AggregateError([]))).toBeUndefined();
  });

  test('something without a code is nobody else’s fault', () => {
    expect(endingOfDial(new Error('what'))).toBeUndefined();
    expect(endingOfDial('what')).toBeUndefined();
  });
});

describe('a handshake that fails with', () => {
  test('a reset, or with a connection closed in order', () => {
    const reset = failed('ECONNRESET', { syscall: 'read' });
    expect(endingOfHandshake(reset)).toEqual({ type: 'reset', by: 'server' });
    expect(endingOfHandshake(failed('ECONNRESET'))).toEqual({ type: 'cut', by: 'server' });
  });

  test('silence', () => {
    expect(endingOfHandshake(failed('ETIMEDOUT'))).toEqual({ type: 'timedOut' });
  });

  test.each([
    [failed('CERT_HAS_EXPIRED'), 'CERT_HAS_EXPIRED', 'words of CERT_HAS_EXPIRED'],
    [failed('ERR_SSL_X', { reason: 'wrong version' }), 'ERR_SSL_X', 'wrong version'],
    [new Error('what\n'), 'ERR_TLS', 'what'],
    ['what ', 'ERR_TLS', 'what'],
  ])('%s keeps code and words', (error, code, reason) => {
    expect(endingOfHandshake(error)).toEqual({ type: 'tls', code, reason });
  });
});

test.each([
  ['ECONNRESET', { type: 'reset', by: 'server' }],
  ['EPIPE', { type: 'reset', by: 'server' }],
  ['ETIMEDOUT', { type: 'timedOut' }],
  ['EPROTO', { type: 'tls', code: 'EPROTO', reason: 'words of EPROTO' }],
])('a connection lost by %s ends with %j', (code, ending) => {
  expect(endingOfLoss(failed(code))).toEqual(ending);
});

test('an unreachable destination carries its ending and cause', () => {
  const cause = failed('ECONNREFUSED');
  const error = new Unreachable({ type: 'refused' }, cause);
  expect(error).toMatchObject({ ending: { type: 'refused' }, cause, name: 'Unreachable' });
  expect(codeOf(cause)).toBe('ECONNREFUSED');
  expect(codeOf(Object.assign(new Error('x'), { code: 7 }))).toBeUndefined();
});
