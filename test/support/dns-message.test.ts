import { describe, expect, test } from '@jest/globals';
import { encode } from 'dns-packet';
import fc from 'fast-check';
import {
  datagramBytesMax,
  framed,
  isTruncated,
  messageId,
  nameQuestion,
  questionEnd,
  readQuestion,
  unframed,
  withMessageId,
} from '../../src/support/dns-message.ts';
import { readFinding } from '../../src/support/dns-finding.ts';
import { question, withEdns } from './name-server.ts';

const query = (name: string): Buffer =>
  encode({ id: 77, type: 'query', flags: 0x01_00, questions: [{ type: 'A', name }] });

/** A question, its header and its end replaced. */
function bent(counts: readonly number[], more: Buffer = Buffer.alloc(0)): Buffer {
  const message = Buffer.concat([query('a.test'), more]);
  for (const [place, count] of counts.entries()) message.writeUInt16BE(count, 4 + 2 * place);
  return message;
}

describe('a question', () => {
  test('is read, whatever its case', () => {
    expect(readQuestion(query('API.Test'))).toEqual({ name: 'api.test', type: 'A' });
    expect(readQuestion(query('.'))).toEqual({ name: '.', type: 'A' });
  });

  test.each([
    ['MX', 'MX'],
    ['HTTPS', 'HTTPS'],
    ['SVCB', 'SVCB'],
    ['TYPE4711', 'TYPE4711'],
  ])('for %s is one for %s', (type, expected) => {
    expect(readQuestion(question('a.test', type).message)?.type).toBe(expected);
  });

  test('tells of EDNS, of signatures and of another class', () => {
    expect(readQuestion(withEdns(question('a.test')).message)?.edns).toBe('plain');
    const signed = withEdns(question('a.test')).message;
    signed.writeUInt16BE(0x80_00, signed.length - 4);
    expect(readQuestion(signed)?.edns).toBe('dnssec');
    const chaos = question('version.bind', 'TXT').message;
    chaos.writeUInt16BE(3, chaos.length - 2);
    expect(readQuestion(chaos)).toEqual({ name: 'version.bind', type: 'TXT', class: 'CH' });
  });

  test('tells how much fits into a datagram, within reason', () => {
    const most = [100, 512, 1400, 65_535].map((size) =>
      datagramBytesMax(withEdns(question('a.test'), size).message),
    );
    expect(most).toEqual([512, 512, 1400, 4096]);
    expect(datagramBytesMax(query('a.test'))).toBe(512);
  });

  test.each([
    ['a response', encode({ type: 'response', questions: [{ type: 'A', name: 'a' }] })],
    ['no question', encode({ type: 'query', questions: [] })],
    ['two of them', bent([2], query('b.test').subarray(12))],
    ['an update', encode({ type: 'query', flags: 5 << 11, questions: [{ type: 'A', name: 'a' }] })],
    [
      'one with an answer',
      bent([1, 1], Buffer.from('c00c00010001000000000004'.padEnd(32, '0'), 'hex')),
    ],
    ['one with thousands of records', bent([1, 0, 0, 9_999])],
    ['cut', query('a.test').subarray(0, -1)],
    [
      'a name that points elsewhere',
      Buffer.concat([query('').subarray(0, 12), Buffer.from([0xc0, 2, 0, 1, 0, 1])]),
    ],
    ['nothing', Buffer.alloc(0)],
    ['noise', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('is not %s', (_, message) => {
    expect(readQuestion(message)).toBeUndefined();
  });

  test('of any bytes at all is no reason to throw', () => {
    const head = fc.constantFrom('', '004d01000001000000000000', '004d81800001000200000000');
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 200 }), (start, bytes) => {
        const message = Buffer.concat([Buffer.from(start, 'hex'), bytes]);
        readQuestion(message);
        readFinding(message);
        questionEnd(message);
        datagramBytesMax(message);
        isTruncated(message);
      }),
      { numRuns: 2_000 },
    );
  });

  test('is written', () => {
    expect(nameQuestion({ name: 'a.test', type: 'A' })).toEqual(withMessageId(query('a.test'), 0));
    expect(() => nameQuestion({ name: 'a..test', type: 'A' })).toThrow('is no name');
  });
});

test('an id is read and changed, in a copy', () => {
  const message = query('a');
  const other = withMessageId(message, 4711);
  expect([messageId(message), messageId(other), messageId(Buffer.alloc(1))]).toEqual([77, 4711, 0]);
});

test('a message says whether it is whole', () => {
  const response = encode({ type: 'response', flags: 0x02_00, questions: [] });
  expect([isTruncated(response), isTruncated(query('a')), isTruncated(Buffer.alloc(1))]).toEqual([
    true,
    false,
    false,
  ]);
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
