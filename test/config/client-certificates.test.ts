import { expect, test } from '@jest/globals';
import { clientCertificates } from '../../src/config/client-certificates.ts';

test.each([
  ['', []],
  ['a.test=c.pem:k.pem', [['a.test', 'c.pem', 'k.pem']]],
  [
    '*.A.test = c.pem, *=/x/both.pem',
    [
      ['*.a.test', 'c.pem', 'c.pem'],
      ['*', '/x/both.pem', '/x/both.pem'],
    ],
  ],
  ['[::1]=c.pem', [['::1', 'c.pem', 'c.pem']]],
])('%s', (text, expected) => {
  const files = clientCertificates(text).map((one) => [one.host, one.certificateFile, one.keyFile]);
  expect(files).toEqual(expected);
});

test.each(['a.test', 'a.test=', '=c.pem', 'a.test=c:k:x', 'a b=c.pem', 'a.test=c\0.pem'])(
  'not %j',
  (text) => {
    expect(() => clientCertificates(text)).toThrow();
  },
);
