import { describe, expect, test } from '@jest/globals';
import { decode, encode } from 'dns-packet';
import fc from 'fast-check';
import {
  addressesIn,
  addressRecords,
  plainFinding,
  readFinding,
  withinBytes,
  writeAnswer,
} from '../../src/support/dns-finding.ts';
import { isTruncated, readQuestion } from '../../src/support/dns-message.ts';
import { found, question, said, withEdns } from './name-server.ts';

/** As BIND 9.18 sent it: an alias, compressed as usual. */
const compressed = Buffer.from(
  '004d8580000100020000000003777777047465737400000100' +
    '01c00c000500010000007800060361 6c69c010c02600010001000000 3c00040a4d0005'.replaceAll(' ', ''),
  'hex',
);

/** The same without compression, as the codec writes it. */
const spread = encode({
  id: 77,
  type: 'response',
  flags: 0x05_80,
  questions: [{ type: 'A', name: 'WWW.test' }],
  answers: [
    { type: 'CNAME', name: 'WWW.test', ttl: 120, data: 'ali.test' },
    { type: 'A', name: 'ali.test', ttl: 60, data: '10.77.0.5' },
  ],
});

const alias = {
  code: 'NOERROR',
  flags: ['aa', 'ra'],
  records: [
    { name: 'www.test', type: 'CNAME', ttl: 120, data: 'ali.test' },
    { name: 'ali.test', type: 'A', ttl: 60, data: '10.77.0.5' },
  ],
  authority: [],
  additional: [],
};

describe('a response', () => {
  test('is read into its records, and written byte for byte', () => {
    const finding = readFinding(compressed);
    expect(finding).toEqual(alias);
    expect(finding && writeAnswer(question('www.test').message, finding)).toEqual(compressed);
  });

  test('that is compressed otherwise is kept as it is, and written byte for byte', () => {
    const finding = readFinding(spread);
    expect(finding).toEqual({ ...alias, wire: expect.any(Buffer) });
    const asked = question('WWW.test').message;
    expect(finding && writeAnswer(asked, finding)).toEqual(spread);
    const other = finding && writeAnswer(question('wWw.tEst').message, finding);
    expect(decode(other ?? asked).questions).toMatchObject([{ name: 'wWw.tEst' }]);
  });

  test('has the case of the question that it answers, wherever its name stands', () => {
    const answer = writeAnswer(question('wWw.TEST').message, alias);
    expect(decode(answer)).toMatchObject({
      id: 77,
      questions: [{ name: 'wWw.TEST' }],
      answers: [{ name: 'wWw.TEST', data: 'ali.TEST' }, { name: 'ali.TEST' }],
    });
  });

  test('repeats the wish for recursion, and what is not to be checked', () => {
    const asked = question('a.test').message;
    asked.writeUInt16BE(0x00_10, 2);
    expect(decode(writeAnswer(asked, plainFinding('NOERROR')))).toMatchObject({
      flag_rd: false,
      flag_cd: true,
      flag_ra: true,
    });
  });

  test.each([
    ['NXDOMAIN', 3],
    ['SERVFAIL', 2],
    ['REFUSED', 5],
    ['RCODE11', 11],
    ['what nobody knows', 2],
  ])('with the code %s has the number %d', (code, number) => {
    const answer = writeAnswer(question('a.test').message, plainFinding(code));
    expect(answer.readUInt16BE(2) & 0x0f).toBe(number);
  });

  test.each([
    ['a question', question('a.test').message],
    ['cut short by its sender', Buffer.from(compressed).fill(0x87, 2, 3)],
    ['without a question', encode({ type: 'response' })],
    ['with a record that is cut', compressed.subarray(0, -1)],
    ['nothing', Buffer.alloc(0)],
  ])('is not %s', (_, message) => expect(readFinding(message)).toBeUndefined());
});

describe('EDNS', () => {
  const opt = (code: number, data: Buffer): never =>
    ({
      type: 'OPT',
      name: '.',
      udpPayloadSize: 1400,
      flags: 0,
      options: [{ code, data }],
    }) as never;
  const response = (code: number): Buffer =>
    encode({
      id: 77,
      type: 'response',
      flags: 0x01_82,
      questions: [{ type: 'A', name: 'a.test' }],
      additionals: [opt(code, Buffer.from('said'))],
    });

  test('is answered to who speaks it, with the errors of the resolver', () => {
    const finding = readFinding(response(15));
    expect(finding).toMatchObject({ edns: { size: 1400, errors: [expect.any(String)] } });
    if (finding === undefined) throw new Error('there is one');
    expect(writeAnswer(withEdns(question('a.test')).message, finding)).toEqual(response(15));
    expect(decode(writeAnswer(question('a.test').message, finding)).additionals).toEqual([]);
  });

  test('keeps no cookie, which belongs to one client', () => {
    expect(readFinding(response(10))).toMatchObject({ edns: { size: 1400, errors: [] } });
  });

  test('of a resolver that does not speak it is not answered', () => {
    const answer = writeAnswer(withEdns(question('a.test')).message, plainFinding('NOERROR'));
    expect(decode(answer).additionals).toEqual([]);
  });

  test('carries the codes that a header has no room for', () => {
    const finding = { ...plainFinding('RCODE16'), edns: { size: 512, errors: [] } };
    const answer = writeAnswer(withEdns(question('a.test')).message, finding);
    expect(readFinding(answer)?.code).toBe('RCODE16');
  });
});

describe('an answer that does not fit', () => {
  const asked = question('many.test');
  const addresses = Array.from({ length: 100 }, (_, index) => `10.0.0.${index}`);
  const whole = writeAnswer(asked.message, found(asked, addresses));

  test('is cut between two records, and says so', () => {
    const cut = withinBytes(whole, asked.message, 512);
    expect(isTruncated(cut)).toBe(true);
    expect(cut.length).toBeLessThanOrEqual(512);
    const { answers = [] } = decode(cut);
    expect(answers).toHaveLength(30);
    expect(readQuestion(asked.message)).toMatchObject({ name: 'many.test' });
  });

  test('goes as it is where it fits', () => {
    expect(withinBytes(whole, asked.message, whole.length)).toBe(whole);
    expect(isTruncated(withinBytes(whole, asked.message, whole.length - 1))).toBe(true);
  });

  test('leaves room for EDNS, and lets go of what was only added', () => {
    const edns = withEdns(asked, 1232);
    const finding = {
      ...found(asked, addresses.slice(0, 60)),
      edns: { size: 1400, errors: [] },
      additional: addressRecords({ name: 'b.test', type: 'A' }, { addresses, ttl: 1 }),
    };
    const cut = withinBytes(writeAnswer(edns.message, finding), edns.message, 1232);
    expect(cut.length).toBeLessThanOrEqual(1232);
    const { answers = [], additionals = [] } = decode(cut);
    expect(answers).toHaveLength(60);
    expect(additionals.at(-1)?.type).toBe('OPT');
  });

  test('that cannot be read is cut to its code', () => {
    const odd = Buffer.concat([whole.subarray(0, -1)]);
    const cut = withinBytes(odd, asked.message, 512);
    expect(isTruncated(cut)).toBe(true);
    expect(decode(cut).answers).toEqual([]);
  });
});

test('an answer is said in words', () => {
  const asked = question('a.test');
  expect(said(writeAnswer(asked.message, found(asked, ['10.0.0.1'])))).toBe('NOERROR 10.0.0.1');
});

test('an answer leads to addresses, through whatever aliases', () => {
  expect(addressesIn(compressed)).toEqual(['10.77.0.5']);
  expect(addressesIn(writeAnswer(question('a.test').message, plainFinding('NXDOMAIN')))).toEqual(
    [],
  );
  expect(addressesIn(Buffer.from('noise'))).toEqual([]);
});

test('whatever a client puts into a name, it has an answer', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 63 });
  fc.assert(
    fc.property(fc.array(label, { maxLength: 3 }), (labels) => {
      const name = labels.map((one) => Buffer.concat([Buffer.from([one.length]), one]));
      const asked = Buffer.concat([
        Buffer.from('004d01000001000000000000', 'hex'),
        ...name,
        Buffer.from([0, 0, 1, 0, 1]),
      ]);
      const answer = writeAnswer(asked, plainFinding('SERVFAIL'));
      expect(answer.subarray(12)).toEqual(asked.subarray(12));
      expect(readFinding(answer)).toMatchObject({ code: 'SERVFAIL' });
    }),
  );
});
