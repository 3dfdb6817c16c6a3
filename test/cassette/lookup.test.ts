import { describe, expect, test } from '@jest/globals';
import { lookupTree, readLookup } from '../../src/cassette/lookup.ts';
import type { RecordedLookup } from '../../src/exchange/interaction.ts';
import { readFinding, writeAnswer } from '../../src/support/dns-finding.ts';
import { found, question } from '../support/name-server.ts';

const asked = { name: 'api.test', type: 'A' };
const lookup: RecordedLookup = { ...asked, ...found(asked, ['10.0.0.1', '10.0.0.2']) };
const records = [
  { name: 'api.test', type: 'A', ttl: 30, data: '10.0.0.1' },
  { name: 'api.test', type: 'A', ttl: 30, data: '10.0.0.2' },
];

test('a lookup is read as it was written', () => {
  const tree = lookupTree(lookup);
  expect(tree).toEqual({ question: asked, answer: { code: 'NOERROR', records } });
  const read = readLookup(tree, 'file');
  expect(read.lookup).toEqual(lookup);
  expect(read.request.destination).toEqual({ host: 'api.test', port: 53, secure: false });
});

test('all that an answer can have is written where it is there', () => {
  const soa = { mname: 'ns', rname: 'me', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 };
  const whole: RecordedLookup = {
    ...lookup,
    class: 'CH',
    asked: 'dnssec',
    code: 'SERVFAIL',
    flags: ['aa', 'ad'],
    authority: [{ name: 'test', type: 'SOA', ttl: 1, data: soa }],
    additional: [{ name: 'b', type: 'TXT', ttl: 1, data: ['one'] }],
    edns: { size: 1232, errors: ['ABY='] },
  };
  const tree = lookupTree(whole);
  expect(tree).toMatchObject({
    question: { ...asked, class: 'CH', edns: 'dnssec' },
    answer: { code: 'SERVFAIL', flags: ['aa', 'ad'], edns: { size: 1232, errors: ['ABY='] } },
  });
  expect(readLookup(tree, 'file').lookup).toEqual(whole);
});

test('what the first form had is read: addresses, and one life for all', () => {
  const answer = { code: 'NOERROR', addresses: ['10.0.0.1', '10.0.0.2'], ttl: 30 };
  expect(readLookup({ question: asked, answer }, 'file').lookup).toEqual(lookup);
  const absent = { code: 'NXDOMAIN', addresses: [], ttl: 0 };
  const odd = { name: 'api.test', type: 'UNKNOWN_65' };
  expect(readLookup({ question: odd, answer: absent }, 'file').lookup).toMatchObject({
    type: 'HTTPS',
    code: 'NXDOMAIN',
    records: [],
  });
});

test('members that are not known are kept', () => {
  const { question: one, answer } = lookupTree(lookup);
  const record = { ...records[0], note: 'by hand' };
  const tree = {
    question: { ...Object(one), why: 'because' },
    answer: { ...Object(answer), records: [record], from: '10.0.0.53' },
  };
  const read = readLookup(tree, 'file').lookup;
  expect(read && lookupTree(read)).toEqual(tree);
});

describe('a message beside the records', () => {
  const spread = Buffer.from(
    '000081800001000100000000' +
      '036170690474657374000001000103617069047465737400000100010000001e00040a000001',
    'hex',
  );
  const finding = readFinding(spread);
  if (finding === undefined) throw new Error('it is readable');
  const whole: RecordedLookup = { ...asked, ...finding };
  const tree = lookupTree(whole);

  test('is what is sent', () => {
    const read = readLookup(tree, 'file').lookup;
    expect(read).toEqual(whole);
    expect(read?.wire).toBeDefined();
  });

  test('is passed over once somebody has edited those', () => {
    const edited = { ...Object(tree['answer']), records: [{ ...records[0], data: '10.0.0.9' }] };
    const read = readLookup({ ...tree, answer: edited }, 'file').lookup;
    expect(read?.wire).toBeUndefined();
    const answer = read && writeAnswer(question('api.test').message, read);
    expect(readFinding(answer ?? spread)?.records).toMatchObject([{ data: '10.0.0.9' }]);
  });
});

describe('a lookup is refused', () => {
  const tree = lookupTree(lookup);
  const answering = (more: object): object => ({
    ...tree,
    answer: { ...Object(tree['answer']), ...more },
  });
  const old = { code: 'NOERROR', ttl: 30 };
  test.each([
    [{ ...tree, question: undefined }, 'file.question'],
    [{ ...tree, question: { name: 'a' } }, 'file.question.type'],
    [{ ...tree, answer: [] }, 'file.answer'],
    [{ ...tree, answer: { ...old, addresses: '10.0.0.1' } }, 'file.answer.addresses'],
    [{ ...tree, answer: { ...old, addresses: [1] } }, 'file.answer.addresses'],
    [{ ...tree, answer: { ...old, addresses: [], ttl: '30' } }, 'file.answer.ttl'],
    [{ ...tree, answer: { ...old, addresses: ['here'] } }, 'file.answer.records[0]'],
    [answering({ flags: 'ra' }), 'file.answer.flags'],
    [answering({ records: {} }), 'file.answer.records'],
    [answering({ records: [{ ...records[0], ttl: null }] }), 'file.answer.records[0].ttl'],
    [answering({ records: [{ ...records[0], ttl: -1 }] }), 'file.answer.records[0]'],
    [answering({ records: [{ ...records[0], data: undefined }] }), 'file.answer.records[0].data'],
    [answering({ records: [{ ...records[0], data: 'fd00::1' }] }), 'file.answer.records[0]'],
    [answering({ authority: [{ ...records[0], type: 'NONE' }] }), 'file.answer.authority[0]'],
    [answering({ edns: 1232 }), 'file.answer.edns'],
    [answering({ records: Array.from({ length: 5_000 }, () => records[0]) }), 'file.answer'],
  ])('%# where it is no lookup', (broken, where) => {
    expect(() => readLookup(broken as Readonly<Record<string, unknown>>, 'file')).toThrow(
      `${where}: `,
    );
  });
});
