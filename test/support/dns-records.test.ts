import { describe, expect, test } from '@jest/globals';
import { decode } from 'dns-packet';
import type { RecordData } from '../../src/support/dns-records.ts';
import { readRecord, writeRecord } from '../../src/support/dns-records.ts';
import { createDnsWriter } from '../../src/support/dns-writer.ts';

const head = Buffer.from('000080000000000100000000', 'hex');

function written(type: string, data: RecordData): Buffer {
  const writer = createDnsWriter(head);
  writeRecord(writer, { name: 'a.test', type, ttl: 7, data }, 1);
  return writer.message();
}

const soa = {
  mname: 'ns.test',
  rname: 'host\\.master.test',
  serial: 1,
  refresh: 2,
  retry: 3,
  expire: 4,
  minimum: 4_294_967_295,
};

describe('a record', () => {
  test.each([
    ['A', '10.0.0.1'],
    ['AAAA', 'fd77::1'],
    ['CNAME', 'b.test'],
    ['DNAME', 'b.test'],
    ['NS', 'ns.a.test'],
    ['PTR', 'c.other'],
    ['MX', { preference: 10, exchange: 'mail.test' }],
    ['SRV', { priority: 1, weight: 2, port: 3, target: 'host.test' }],
    ['SOA', soa],
    ['CAA', { flags: 128, tag: 'issue', value: 'ca.test; x=y' }],
    ['TXT', ['v=spf1 -all', 'zwölf', { base64: '/w==' }, '']],
    ['HTTPS', { priority: 1, target: '.', params: { alpn: ['h2'] } }],
    ['SVCB', { priority: 0, target: 'b.test', params: {} }],
    ['HTTPS', { base64: 'AA==' }],
    ['TYPE4711', { base64: 'AQL/' }],
    ['NAPTR', { base64: 'AAoAZAFTB1NJUCtEMlUABF9zaXAEX3VkcAR0ZXN0AA==' }],
  ] as const)('of type %s is read as it was written', (type, data) => {
    const [answer] = decode(written(type, data)).answers ?? [];
    if (answer === undefined || answer.type === 'OPT') throw new Error('there is one');
    expect(readRecord(answer)).toEqual({ name: 'a.test', type, ttl: 7, data });
  });

  test.each([
    ['A', 'fd77::1', 'is no IPv4 address'],
    ['A', ['10.0.0.1'], 'is no text'],
    ['MX', { preference: '10', exchange: 'b' }, 'is no number'],
    ['SRV', { priority: 1, weight: 2, port: 3 }, 'is no text'],
    ['CAA', { flags: 0, tag: 'issue' }, 'is no text'],
    ['SOA', { mname: 'a', rname: 'b' }, 'is no number'],
    ['TXT', 'bare', 'is no list of texts'],
    ['TXT', ['x'.repeat(256)], 'more than 255 bytes'],
    ['HTTPS', { priority: 1, target: '.' }, 'is no object'],
    ['NAPTR', 'text', 'of type NAPTR only { base64 } is written'],
    ['NOTHING', { base64: '' }, '"NOTHING" is no type of records'],
  ] as const)('of type %s with %j is refused', (type, data, words) => {
    expect(() => written(type, data)).toThrow(words);
  });
});
