import { expect, test } from '@jest/globals';
import type { Destination } from '../../src/exchange/destination.ts';
import { Failure } from '../../src/exchange/failure.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import { ownHost, settle } from '../../src/wire/own.ts';
import type { Target } from '../../src/wire/target.ts';

const told: Failure[] = [];
const options = {
  own: (path: string) => (path === '/ca.pem' ? { type: 'text/x', text: 'PEM' } : undefined),
  isOwn: ({ port }: Destination) => port === 8888,
  onFailure: (failure: Failure) => void told.push(failure),
};

function target(host: string, port: number, path = '/'): Target {
  return { destination: { host, port, secure: false }, path };
}

const settled = (asked: Target | Failure, headers: Headers = []) =>
  settle(options, { target: asked, headers: () => headers });

test('what is for nobody here goes on', () => {
  const other = target('a.test', 80);
  expect(settled(other)).toBe(other);
});

test('what is for magneto is answered at once', () => {
  expect(settled(target(ownHost, 80, '/ca.pem'))).toMatchObject({
    head: { status: 200 },
    body: Buffer.from('PEM'),
  });
  expect(settled(target(ownHost, 80, '/x'))).toMatchObject({ head: { status: 404 } });
});

test('a loop, and a target that is none, are refused and told', () => {
  expect(settled(target('a.test', 8888))).toMatchObject({ head: { status: 508 } });
  const unknown = new Failure('DESTINATION_UNKNOWN', 'nowhere');
  expect(settled(unknown)).toMatchObject({ head: { status: 400 } });
  expect(told.map(({ code }) => code)).toEqual(['DESTINATION_IS_PROXY', 'DESTINATION_UNKNOWN']);
});

test('a gRPC client is refused with a status of its own', () => {
  const headers = [['content-type', 'application/grpc']] as const;
  const loop = settled(target('a.test', 8888), headers);
  expect(loop).toMatchObject({ head: { status: 200 }, body: Buffer.alloc(0) });
  expect('head' in loop && loop.head.headers).toContainEqual(['grpc-status', '9']);
  const web = settled(new Failure('DESTINATION_UNKNOWN', 'nowhere'), [
    ['content-type', 'application/grpc-web+proto'],
  ]);
  expect('body' in web && web.body.toString('latin1')).toContain('grpc-status:13\r\n');
});
