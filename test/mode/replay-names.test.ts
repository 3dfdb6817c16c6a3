import { describe, expect, test } from '@jest/globals';
import { decode } from 'dns-packet';
import type { DnsQuestion } from '../../src/exchange/dns.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { createCursors } from '../../src/replay/cursors.ts';
import type { ReplayNamesOptions } from '../../src/mode/replay-names.ts';
import { replayNames } from '../../src/mode/replay-names.ts';
import { plainFinding, readFinding } from '../../src/support/dns-finding.ts';
import { found, question, said, withEdns } from '../support/name-server.ts';
import { lookup, recordingOf, request } from './lookups.ts';

const a = { name: 'a.test', type: 'A' };
const b = { name: 'b.test', type: 'A' };

function names(interactions: readonly Interaction[], more: Partial<ReplayNamesOptions> = {}) {
  const recording = recordingOf(interactions);
  const cursors = createCursors(recording);
  const rest = {
    search: [],
    ownName: 'Here',
    ipv6: () => true,
    onMiss: 'nxdomain',
    ...more,
  } as const;
  const replaying = replayNames({ recording, cursors, ...rest });
  const ask = async (asked: DnsQuestion | string): Promise<string> => {
    const one = typeof asked === 'string' ? question(asked) : asked;
    const { message, outcome } = await replaying.resolve(one);
    return `${said(message)} ${outcome}`;
  };
  return { ...replaying, cursors, ask };
}

describe('replaying names', () => {
  test('answers what was recorded, in order, and then the last again', async () => {
    const { ask, resolve, cursors } = names([
      lookup('a.test', 'A', []),
      lookup('a.test', 'A', ['1.1.1.1']),
    ]);
    expect([await ask('a.test'), await ask('a.test'), await ask('a.test')]).toEqual([
      'NXDOMAIN replayed',
      'NOERROR 1.1.1.1 replayed',
      'NOERROR 1.1.1.1 repeated',
    ]);
    expect((await resolve(question('a.test'))).interaction).toBe('A a.test');
    expect(cursors.unused()).toBe(0);
  });

  test('knows the name of this machine, which is in no recording', async () => {
    const { ask } = names([], { search: ['example.org'] });
    expect([await ask('here'), await ask('here.example.org'), await ask('there')]).toEqual([
      'NOERROR 127.0.0.1 replayed',
      'NXDOMAIN replayed',
      'NXDOMAIN missed',
    ]);
    expect(await ask(question('here', 'AAAA'))).toBe('NOERROR replayed');
  });

  test('keeps how long it may be kept, and gives the question its own case', async () => {
    const { resolve } = names([lookup('a.test', 'A', ['1.1.1.1'])]);
    const { message } = await resolve(question('A.tEsT'));
    expect(decode(message)).toMatchObject({
      id: 77,
      questions: [{ name: 'A.tEsT' }],
      answers: [{ name: 'A.tEsT', ttl: 30, data: '1.1.1.1' }],
    });
  });

  test.each([
    ['TXT', plainFinding('NOERROR', [{ name: 'a.test', type: 'TXT', ttl: 1, data: ['one'] }])],
    ['A', plainFinding('NOERROR')],
    ['A', plainFinding('SERVFAIL')],
    ['MX', plainFinding('REFUSED')],
    [
      'TYPE4711',
      plainFinding('NOERROR', [
        { name: 'a.test', type: 'TYPE4711', ttl: 1, data: { base64: 'AQ==' } },
      ]),
    ],
  ])('answers %s as it was recorded', async (type, finding) => {
    const { resolve } = names([lookup('a.test', type, finding)]);
    const { message, outcome } = await resolve(question('a.test', type));
    expect(readFinding(message)).toEqual(finding);
    expect(outcome).toBe('replayed');
  });

  test('tells apart who spoke EDNS, and makes do with the answer to another', async () => {
    const { ask } = names([
      lookup('a.test', 'A', ['1.1.1.1']),
      lookup('a.test', 'A', { ...found(a, ['2.2.2.2']), asked: 'plain' }),
      lookup('b.test', 'A', { ...found(b, ['3.3.3.3']), asked: 'dnssec' }),
    ]);
    expect(await ask('a.test')).toBe('NOERROR 1.1.1.1 replayed');
    expect(await ask(withEdns(question('a.test')))).toBe('NOERROR 2.2.2.2 replayed');
    expect(await ask({ ...question('a.test'), edns: 'dnssec' })).toBe('NOERROR 2.2.2.2 repeated');
    expect(await ask('b.test')).toBe('NOERROR 3.3.3.3 replayed');
  });

  test('makes up an address for a host that was only spoken to', async () => {
    const { ask, nameOf } = names([request('b.test'), request('10.0.0.1')]);
    const answer = await ask('b.test');
    const address = /^NOERROR (198\.1[89]\.\d+\.\d+) replayed$/.exec(answer)?.[1] ?? '';
    expect(nameOf(address)).toBe('b.test');
    for (const type of ['AAAA', 'HTTPS', 'SVCB']) {
      expect(await ask(question('b.test', type))).toBe('NOERROR replayed');
    }
    const reverse = `${address.split('.').toReversed().join('.')}.in-addr.arpa`;
    expect(await ask(question(reverse, 'PTR'))).toBe('NOERROR b.test replayed');
  });

  test('makes up an address for a host that has only one of IPv6, where that leads nowhere', async () => {
    const recorded = [
      lookup('six.test', 'A', plainFinding('NOERROR')),
      lookup('six.test', 'AAAA', ['fd00::1']),
    ];
    expect(await names(recorded).ask('six.test')).toBe('NOERROR replayed');
    const { ask, cursors } = names(recorded, { ipv6: () => false });
    expect(await ask('six.test')).toMatch(/^NOERROR 198\.1\d\.\d+\.\d+ replayed$/);
    expect(await ask(question('six.test', 'AAAA'))).toBe('NOERROR fd00::1 replayed');
    expect(cursors.unused()).toBe(0);
  });

  test('tells captured clients what explicit ones were told: that there is no such name', async () => {
    const { ask, cursors } = names([request('gone.test', { type: 'dns', code: 'ENOTFOUND' })]);
    expect(await ask('gone.test')).toBe('NXDOMAIN replayed');
    expect(cursors.unused()).toBe(0);
  });

  test('says of what it does not know that it does not exist, and counts it as missed', async () => {
    const { ask } = names([request('a.test'), lookup('gone.test', 'A', [])], {
      search: ['lan.test'],
    });
    expect(await ask('other.test')).toBe('NXDOMAIN missed');
    expect(await ask('gone.test')).toBe('NXDOMAIN replayed');
    // A name that does not exist does not for any type.
    expect(await ask(question('gone.test', 'AAAA'))).toBe('NXDOMAIN replayed');
    // Clients try their search list first: no miss.
    expect(await ask('a.test.lan.test')).toBe('NXDOMAIN replayed');
    expect(await ask('other.test.lan.test')).toBe('NXDOMAIN missed');
    // Nobody asked for its text; but it exists.
    expect(await ask(question('a.test', 'TXT'))).toBe('NOERROR missed');
    expect(await ask(question('9.9.9.9.in-addr.arpa', 'PTR'))).toBe('NXDOMAIN missed');
  });

  test('or that nobody could be asked, where that is wanted', async () => {
    const { ask } = names([request('a.test')], { search: ['lan.test'], onMiss: 'servfail' });
    expect(await ask('other.test')).toBe('SERVFAIL missed');
    expect(await ask(question('a.test', 'TXT'))).toBe('SERVFAIL missed');
    expect(await ask('a.test.lan.test')).toBe('NXDOMAIN replayed');
  });

  test('knows an answer of another class from one of the Internet', async () => {
    const { ask } = names([lookup('a.test', 'A', { ...found(a, ['1.1.1.1']), class: 'CH' })]);
    expect(await ask({ ...question('a.test'), class: 'CH' })).toMatch('1.1.1.1 replayed');
    expect(await ask('a.test')).not.toMatch('1.1.1.1');
  });
});
