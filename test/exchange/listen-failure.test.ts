import { expect, test } from '@jest/globals';
import { listenFailure } from '../../src/exchange/listen-failure.ts';

const withCode = (code: string): Error => Object.assign(new Error('x'), { code });

test.each([
  [{ host: '127.0.0.1', port: 80, cause: withCode('EADDRINUSE') }, 'PORT_TAKEN', '127.0.0.1:80'],
  [{ host: '::1', port: 80, cause: withCode('EACCES') }, 'LISTEN_FAILED', '[::1]:80 (EACCES)'],
  [
    { host: '::1', port: 80, who: 'the control plane', cause: withCode('EADDRINUSE') },
    'PORT_TAKEN',
    'the control plane cannot have [::1]:80',
  ],
  [{ host: 'x.test', port: 80, cause: undefined }, 'LISTEN_FAILED', 'x.test:80 (unknown)'],
])('%p is %s', (asked, code, message) => {
  const failure = listenFailure(asked);
  expect(failure).toMatchObject({ code, message });
  expect(failure.cause).toBe(asked.cause);
});
