import { describe, expect, test } from '@jest/globals';
import { faultRules } from '../../src/config/faults.ts';

const effectOf = (word: string): unknown => faultRules(`* ${word}`)[0]?.faults[0]?.effect;

test('rules are routes with their faults, each for some of a hundred', () => {
  expect(
    faultRules(' api.example.org:8443/v1/*  status=503@12.5% reset ;; *.example.org timeout@1% '),
  ).toEqual([
    {
      hosts: 'api.example.org:8443',
      path: '/v1/*',
      faults: [
        { effect: { type: 'status', status: 503 }, percent: 12.5 },
        { effect: { type: 'reset' }, percent: 100 },
      ],
    },
    { hosts: '*.example.org', faults: [{ effect: { type: 'timeout' }, percent: 1 }] },
  ]);
  expect(faultRules('')).toEqual([]);
});

describe('each fault has its numbers', () => {
  test.each([
    ['latency=50', { type: 'latency', of: { shape: 'fixed', ms: 50 } }],
    ['latency=uniform,5,10', { type: 'latency', of: { shape: 'uniform', leastMs: 5, mostMs: 10 } }],
    [
      'latency=normal,100,20',
      { type: 'latency', of: { shape: 'normal', meanMs: 100, deviationMs: 20 } },
    ],
    [
      'latency=lognormal,100,0.5',
      { type: 'latency', of: { shape: 'lognormal', medianMs: 100, sigma: 0.5 } },
    ],
    ['refuse', { type: 'refuse' }],
    ['timeout', { type: 'timeout' }],
    ['reset', { type: 'reset' }],
    ['reset=10', { type: 'reset', afterBytes: 10 }],
    ['status=418', { type: 'status', status: 418 }],
    ['grpc=14', { type: 'grpc', status: 14 }],
    ['rst', { type: 'rst', code: 2 }],
    ['rst=8', { type: 'rst', code: 8 }],
    ['goaway=11', { type: 'goaway', code: 11 }],
    ['truncate=3', { type: 'truncate', afterBytes: 3 }],
    ['bandwidth=1024', { type: 'bandwidth', bytesPerSecond: 1024 }],
    ['slice=2,30', { type: 'slice', bytes: 2, pauseMs: 30 }],
    ['slice=2', { type: 'slice', bytes: 2, pauseMs: 0 }],
    ['slowclose=200', { type: 'slowclose', ms: 200 }],
  ])('%s', (word, effect) => expect(effectOf(word)).toEqual(effect));
});

test.each([
  ['nowhere', 'nothing is to happen on "nowhere"'],
  ['a..b reset', '"a..b" is no route'],
  ['* explode', '"explode" is no fault (latency, refuse,'],
  ['* reset@101%', '"reset@101%" happens to more than all'],
  ['* status=99', '"status=99" has a number that is out of its range'],
  ['* grpc=0', '"grpc=0" has a number'],
  ['* latency=normal,1', '"latency=normal,1" has a number'],
  ['* latency=lognormal,1,x', '"latency=lognormal,1,x" has a number that is no number'],
  ['* truncate', '"truncate" has a number'],
  ['* refuse=1', '"refuse=1" takes no number'],
])('%s is told of', (text, words) => expect(() => faultRules(text)).toThrow(words));
