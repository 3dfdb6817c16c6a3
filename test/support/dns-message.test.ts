import { describe, expect, test } from '@jest/globals';
import { decode, encode } from 'dns-packet';
import fc from 'fast-check';
import {
  framed,
  messageId,
  readQuestion,
  readResponse,
  unframed,
  withMessageId,
  writeResponse,
} from '../../src/support/dns-message.ts';

const query = (name: string, type: 'A' | 'AAAA' | 'TXT' = 'A'): Buffer =>
  encode({ id: 77, type: 'query', flags: 0x01_00, questions: [{ type, name }] });

describe('a question', () => {
  test('is read, whatever its case', () => {
    expect(readQuestion(query('API.Test'))).toEqual({ name: 'api.test', type: 'A' });
  });

  test.each([
    ['a response', encode({ type: 'response', questions: [{ type: 'A', name: 'a' }] })],
    ['no question', encode({ type: 'query', questions: [] })],
    [
      'two of them',
      encode({
        type: 'query',
        questions: [query('a'), query('b')].map(() => ({ type: 'A', name: 'a' })),
      }),
    ],
    ['an update', encode({ type: 'query', flags: 5 << 11, questions: [{ type: 'A', name: 'a' }] })],
    ['nothing', Buffer.alloc(0)],
    ['noise', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('is not %s', (_, message) => {
    expect(readQuestion(message)).toBeUndefined();
  });

  test('of any bytes at all is no reason to throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        readQuestion(Buffer.from(bytes));
        readResponse(Buffer.from(bytes));
      }),
    );
  });
});

describe('a response', () => {
  test('repeats id, spelling and the wish for recursion, and tells the addresses', () => {
    const asked = query('API.test');
    const written = writeResponse(asked, { code: 'NOERROR', addresses: ['1.2.3.4'], ttl: 9 });
    expect(decode(written)).toMatchObject({
      id: 77,
      type: 'response',
      flag_rd: true,
      flag_ra: true,
      questions: [{ name: 'API.test', type: 'A' }],
      answers: [{ name: 'API.test', type: 'A', ttl: 9, data: '1.2.3.4' }],
    });
    expect(readResponse(written)).toEqual({ code: 'NOERROR', addresses: ['1.2.3.4'], ttl: 9 });
  });

  test.each([
    ['NXDOMAIN', 'NXDOMAIN'],
    ['REFUSED', 'SERVFAIL'],
  ])('with the code %s says %s', (code, said) => {
    const written = writeResponse(query('a.test'), { code, addresses: [], ttl: 0 });
    expect(readResponse(written)).toEqual({ code: said, addresses: [], ttl: 0 });
  });

  test('to a question for text has no address', () => {
    const told = { code: 'NOERROR', addresses: ['1.2.3.4'], ttl: 1 };
    expect(decode(writeResponse(query('a', 'TXT'), told)).answers).toEqual([]);
  });

  test('has the addresses that an alias leads to, and the least of all lives', () => {
    const message = encode({
      type: 'response',
      questions: [{ type: 'A', name: 'www.test' }],
      answers: [
        { type: 'CNAME', name: 'www.test', data: 'host.test', ttl: 5 },
        { type: 'A', name: 'host.test', data: '1.1.1.1', ttl: 60 },
        { type: 'AAAA', name: 'host.test', data: '::1', ttl: 60 },
      ],
    });
    expect(readResponse(message)).toEqual({ code: 'NOERROR', addresses: ['1.1.1.1'], ttl: 5 });
  });

  test('is not a question', () => expect(readResponse(query('a'))).toBeUndefined());
});

test('an id is read and changed, in a copy', () => {
  const message = query('a');
  const other = withMessageId(message, 4711);
  expect([messageId(message), messageId(other), messageId(Buffer.alloc(1))]).toEqual([77, 4711, 0]);
});

test('over TCP, whatever the pieces, the same messages come out', () => {
  const bytes = Buffer.concat([framed(Buffer.from('one')), framed(Buffer.from('three'))]);
  const first = unframed(bytes);
  expect(first?.message.toString()).toBe('one');
  expect(unframed(first?.rest ?? Buffer.alloc(0))?.message.toString()).toBe('three');
  for (let length = 0; length < 5; length += 1) {
    expect(unframed(bytes.subarray(0, length))).toBeUndefined();
  }
});
