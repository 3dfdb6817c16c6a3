import { expect, test } from '@jest/globals';
import type { Destination } from '../../src/exchange/destination.ts';
import { Failure } from '../../src/exchange/failure.ts';
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

test('what is for nobody here goes on', () => {
  const other = target('a.test', 80);
  expect(settle(options, other)).toBe(other);
});

test('what is for magneto is answered at once', () => {
  expect(settle(options, target(ownHost, 80, '/ca.pem'))).toMatchObject({
    head: { status: 200 },
    body: Buffer.from('PEM'),
  });
  expect(settle(options, target(ownHost, 80, '/x'))).toMatchObject({ head: { status: 404 } });
});

test('a loop, and a target that is none, are refused and told', () => {
  expect(settle(options, target('a.test', 8888))).toMatchObject({ head: { status: 508 } });
  const unknown = new Failure('DESTINATION_UNKNOWN', 'nowhere');
  expect(settle(options, unknown)).toMatchObject({ head: { status: 400 } });
  expect(told.map(({ code }) => code)).toEqual(['DESTINATION_IS_PROXY', 'DESTINATION_UNKNOWN']);
});
