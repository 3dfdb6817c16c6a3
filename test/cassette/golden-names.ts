import { finished } from '../../src/exchange/conversation.ts';
import type { DnsFinding } from '../../src/exchange/dns.ts';
import type { Interaction, RecordedLookup } from '../../src/exchange/interaction.ts';
import { lookupRequest } from '../../src/exchange/interaction.ts';

const nothing: DnsFinding = {
  code: 'NOERROR',
  flags: ['ra'],
  records: [],
  authority: [],
  additional: [],
};

function asked(
  sequence: number,
  lookup: Pick<RecordedLookup, 'name' | 'type'> & Partial<RecordedLookup>,
): Interaction {
  return {
    id: `n${String(sequence).padStart(6, '0')}`,
    kind: 'dns',
    startedAt: '2026-11-20T12:00:00.000Z',
    sequence,
    request: lookupRequest(lookup),
    lookup: { ...nothing, ...lookup },
    timing: { endMs: 1.5 },
    ending: sequence === 8 ? { type: 'timedOut' } : finished,
  };
}

const zone = { name: 'example.org', ttl: 300 };
const authority = [
  {
    ...zone,
    type: 'SOA',
    data: {
      mname: 'ns.example.org',
      rname: 'host\\.master.example.org',
      serial: 2_026_112_001,
      refresh: 7200,
      retry: 900,
      expire: 1_209_600,
      minimum: 300,
    },
  },
];

/** What the golden cassettes of questions for names hold: each kind of record, and each kind of answer. */
export const goldenNames: readonly Interaction[] = [
  asked(0, {
    name: 'www.example.org',
    type: 'A',
    records: [
      { name: 'www.example.org', type: 'CNAME', ttl: 60, data: 'web.example.org' },
      { name: 'web.example.org', type: 'A', ttl: 30, data: '10.0.0.1' },
      { name: 'web.example.org', type: 'A', ttl: 30, data: '10.0.0.2' },
    ],
  }),
  asked(1, { name: 'www.example.org', type: 'AAAA', authority, flags: ['aa', 'ra', 'ad'] }),
  asked(2, { name: 'gone.example.org', type: 'A', code: 'NXDOMAIN', authority }),
  asked(3, {
    name: 'example.org',
    type: 'MX',
    asked: 'plain',
    edns: { size: 1232, errors: ['ABJib3JkZXI='] },
    records: [{ ...zone, type: 'MX', data: { preference: 10, exchange: 'mail.example.org' } }],
    additional: [{ name: 'mail.example.org', type: 'AAAA', ttl: 30, data: 'fd00::1' }],
  }),
  asked(4, {
    name: 'example.org',
    type: 'ANY',
    asked: 'dnssec',
    records: [
      { ...zone, type: 'NS', data: 'ns.example.org' },
      { ...zone, type: 'TXT', data: ['v=spf1 -all', 'zwölf', { base64: '/w==' }] },
      { ...zone, type: 'CAA', data: { flags: 128, tag: 'issue', value: 'ca.example' } },
      {
        ...zone,
        type: 'HTTPS',
        data: {
          priority: 1,
          target: '.',
          params: { alpn: ['h2', 'h3'], ipv4hint: ['10.0.0.1'], ech: { base64: 'QUI=' } },
        },
      },
      { ...zone, type: 'SVCB', data: { priority: 0, target: 'svc.example.org', params: {} } },
      { ...zone, type: 'TYPE4711', data: { base64: 'AQL/' } },
    ],
  }),
  asked(5, {
    name: '_sip._tcp.example.org',
    type: 'SRV',
    records: [
      {
        name: '_sip._tcp.example.org',
        type: 'SRV',
        ttl: 5,
        data: { priority: 1, weight: 2, port: 5060, target: 'sip.example.org' },
      },
    ],
    more: { question: {}, answer: { note: 'by hand' } },
  }),
  asked(6, {
    name: '1.0.0.10.in-addr.arpa',
    type: 'PTR',
    records: [{ name: '1.0.0.10.in-addr.arpa', type: 'PTR', ttl: 9, data: 'web.example.org' }],
    // Its name is written out twice, as its server did.
    wire: Buffer.from(
      '000080800001000100000000013101300130023130' +
        '07696e2d61646472046172706100000c0001' +
        '01310130013002313007696e2d61646472046172706100000c000100000009' +
        '001103776562076578616d706c65036f726700',
      'hex',
    ),
  }),
  asked(7, { name: 'version.bind', type: 'TXT', class: 'CH', code: 'REFUSED', flags: [] }),
  asked(8, { name: 'slow.example.org', type: 'A', code: 'SERVFAIL' }),
];
