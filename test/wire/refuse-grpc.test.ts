import { expect, test } from '@jest/globals';
import { Failure } from '../../src/exchange/failure.ts';
import { headerValue } from '../../src/exchange/headers.ts';
import { refusalTo } from '../../src/wire/refuse-grpc.ts';

const failure = new Failure('NO_MATCHING_INTERACTION', 'nothing fits');

test('gRPC is told in a head of its own: 200, a status, words and the code', () => {
  const { head, body } = refusalTo([['content-type', 'application/grpc+proto']], failure);
  expect(head.status).toBe(200);
  expect(head.headers.slice(0, 2)).toEqual([
    ['content-type', 'application/grpc'],
    ['grpc-status', '9'],
  ]);
  expect(headerValue(head.headers, 'grpc-message')).toMatch(
    /^NO_MATCHING_INTERACTION: nothing fits; record it/,
  );
  expect(headerValue(head.headers, 'x-magneto-failure')).toBe('NO_MATCHING_INTERACTION');
  expect(body).toHaveLength(0);
});

test.each([
  ['application/grpc-web+proto', (body: Buffer) => body],
  ['application/grpc-web-text', (body: Buffer) => Buffer.from(body.toString(), 'base64')],
])('gRPC-Web is told in the frame of its trailers (%s)', (type, decode) => {
  const { head, body } = refusalTo([['Content-Type', type]], failure);
  expect(head.status).toBe(200);
  expect(headerValue(head.headers, 'content-type')).toBe(type);
  expect(headerValue(head.headers, 'content-length')).toBe(String(body.length));
  const frame = decode(body);
  expect(frame.readUInt8(0)).toBe(0x80);
  expect(frame.readUInt32BE(1)).toBe(frame.length - 5);
  const lines = frame.subarray(5).toString().split('\r\n');
  expect(lines[0]).toBe('grpc-status:9');
  expect(lines[2]).toBe('x-magneto-failure:NO_MATCHING_INTERACTION');
});

test('whoever speaks neither is told a problem, with the status of a miss', () => {
  const { head } = refusalTo([], failure, 404);
  expect(head.status).toBe(404);
  expect(headerValue(head.headers, 'content-type')).toBe('application/problem+json');
});
