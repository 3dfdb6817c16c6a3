import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readServiceBinding, writeServiceBinding } from '../../src/support/dns-service.ts';

// The vectors of RFC 9460, appendix D.2.
const vectors = [
  [
    'an alias',
    '000003666f6f076578616d706c6503636f6d00',
    { priority: 0, target: 'foo.example.com', params: {} },
  ],
  ['the owner itself', '000100', { priority: 1, target: '.', params: {} }],
  [
    'a port',
    '001003666f6f076578616d706c6503636f6d00000300020035',
    { priority: 16, target: 'foo.example.com', params: { port: 53 } },
  ],
  [
    'a key without a name',
    '000103666f6f076578616d706c6503636f6d00029b000568656c6c6f',
    {
      priority: 1,
      target: 'foo.example.com',
      params: { key667: { base64: Buffer.from('hello').toString('base64') } },
    },
  ],
  [
    'hints of IPv6',
    '000103666f6f076578616d706c6503636f6d0000060020' +
      '20010db8000000000000000000000001' +
      '20010db8000000000000000000530001',
    {
      priority: 1,
      target: 'foo.example.com',
      params: { ipv6hint: ['2001:db8::1', '2001:db8::53:1'] },
    },
  ],
  [
    'what is mandatory',
    '001003666f6f076578616d706c65036f7267000000000400010004000100090268320568332d313900040004c0000201',
    {
      priority: 16,
      target: 'foo.example.org',
      params: { mandatory: ['alpn', 'ipv4hint'], alpn: ['h2', 'h3-19'], ipv4hint: ['192.0.2.1'] },
    },
  ],
  [
    'the rest',
    '0001000002000000050002414200070006' + Buffer.from('/dns{}').toString('hex'),
    {
      priority: 1,
      target: '.',
      params: { 'no-default-alpn': true, ech: { base64: 'QUI=' }, dohpath: '/dns{}' },
    },
  ],
] as const;

describe.each(vectors)('%s', (_, hex, binding) => {
  test('is read and written', () => {
    expect(readServiceBinding(Buffer.from(hex, 'hex'))).toEqual(binding);
    expect(writeServiceBinding(binding).toString('hex')).toBe(hex);
  });

  test('that is cut is refused, wherever', () => {
    const bytes = Buffer.from(hex, 'hex');
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = bytes.subarray(0, length);
      // Behind the target, or behind a parameter, a shorter record is whole.
      let again: Buffer | undefined;
      try {
        again = writeServiceBinding(readServiceBinding(cut));
      } catch {
        continue;
      }
      expect(again).toEqual(cut);
    }
  });
});

test('any bytes are read or refused, and never worse', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        readServiceBinding(Buffer.from(bytes));
      } catch (error) {
        // Of another realm: Node's own.
        expect(error).toMatchObject({ name: 'RangeError' });
      }
    }),
  );
});

test.each([
  [{ alpn: 'h3' }, 'no list of texts'],
  [{ ech: 'AAAA' }, 'no { base64 }'],
  [{ ipv4hint: ['fd00::1'] }, 'no IPv4 address'],
  [{ what: { base64: '' } }, '"what" is no parameter'],
  [{ key70000: { base64: '' } }, '"key70000" is no parameter'],
])('%j is not written', (params, words) => {
  expect(() => writeServiceBinding({ priority: 1, target: '.', params })).toThrow(words);
});
