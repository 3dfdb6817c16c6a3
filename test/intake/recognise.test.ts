import { expect, test } from '@jest/globals';
import { recognise } from '../../src/intake/recognise.ts';
import { helloBytes } from './tools.ts';

const hello = helloBytes({ serverName: 'a.test', alpn: ['h2'] });

test.each([
  ['nothing', Buffer.alloc(0), 'more'],
  ['HTTP', Buffer.from('GET / HTTP/1.1'), { kind: 'http' }],
  ['another protocol', Buffer.from('*1\r\n'), { kind: 'raw' }],
  ['half a hello', hello.subarray(0, 50), 'more'],
  [
    'a hello',
    hello,
    {
      kind: 'tls',
      hello: { serverName: 'a.test', alpn: ['h2'] },
      marks: { ciphers: [0x13_01], extensions: [43, 0, 16], version: 0x03_04 },
    },
  ],
  ['a broken one', Buffer.from([22, 3, 1, 0, 5, 9, 9, 9, 9, 9]), { kind: 'brokenHello' }],
])('%s', (_, bytes, expected) => {
  expect(recognise(bytes)).toEqual(expected);
});
