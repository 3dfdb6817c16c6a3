import { expect, test } from '@jest/globals';
import { Failure } from '../../src/exchange/failure.ts';
import {
  grpcStatus,
  grpcTrailers,
  grpcWebKind,
  isGrpc,
  isTrailersOnly,
} from '../../src/exchange/grpc.ts';
import type { Headers } from '../../src/exchange/headers.ts';

const typed = (type: string): Headers => [['Content-Type', type]];

test('gRPC is told by its content type, whatever the codec; gRPC-Web is something else', () => {
  const types = ['application/grpc', 'application/grpc+proto', 'Application/gRPC+json; x=y'];
  expect(types.map((type) => isGrpc(typed(type)))).toEqual([true, true, true]);
  const others = ['application/grpc-web+proto', 'application/grpc-web', 'application/json', ''];
  expect(others.map((type) => isGrpc(typed(type)))).toEqual([false, false, false, false]);
  expect(isGrpc([])).toBe(false);
});

test('gRPC-Web comes in bytes or in base64', () => {
  const types = [
    'application/grpc-web',
    'application/grpc-web+proto',
    'application/grpc-web-text',
    'application/grpc-web-text+proto',
    'application/grpc',
  ];
  expect(types.map((type) => grpcWebKind(typed(type)))).toEqual([
    'binary',
    'binary',
    'text',
    'text',
    undefined,
  ]);
});

test('an answer whose status stands in its head has no messages', () => {
  expect(isTrailersOnly([['Grpc-Status', '0']])).toBe(true);
  expect(isTrailersOnly(typed('application/grpc'))).toBe(false);
});

test('a failure has a status that no client tries again in silence, unless the server cannot be reached', () => {
  expect(grpcStatus('NO_MATCHING_INTERACTION')).toBe(9);
  expect(grpcStatus('SEQUENCE_MISMATCH')).toBe(9);
  expect(grpcStatus('UPSTREAM_REFUSED')).toBe(14);
  expect(grpcStatus('RECORDING_FAILED')).toBe(13);
});

test('a failure stands in the trailing metadata: status, code, and words that survive it', () => {
  const trailers = grpcTrailers(new Failure('NO_MATCHING_INTERACTION', '100% “no”\n'));
  expect(trailers[0]).toEqual(['grpc-status', '9']);
  expect(trailers[2]).toEqual(['x-magneto-failure', 'NO_MATCHING_INTERACTION']);
  const [, [name, message] = ['', '']] = trailers;
  expect(name).toBe('grpc-message');
  expect(message).toMatch(/^NO_MATCHING_INTERACTION: 100%25 %E2%80%9Cno%E2%80%9D%0A; record it/);
  expect(message).toMatch(/^[ -~]*$/);
  const long = grpcTrailers(new Failure('RECORDING_FAILED', '\u{1f600}'.repeat(5000)));
  expect(decodeURIComponent(long[1]?.[1] ?? '').length).toBeLessThanOrEqual(600);
});
