import { describe, expect, test } from '@jest/globals';
import { createRecording } from '../../src/cassette/recording.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Interaction, RecordedLookup } from '../../src/exchange/interaction.ts';
import { lookupRequest } from '../../src/exchange/interaction.ts';
import { createCursors } from '../../src/mode/cursors.ts';
import type { ReplayNamesOptions } from '../../src/mode/replay-names.ts';
import { madeUpAddresses, replayNames } from '../../src/mode/replay-names.ts';
import { question } from '../support/name-server.ts';

const common = { startedAt: '2026-11-20T12:00:00.000Z', timing: { endMs: 1 }, ending: finished };

function lookup(name: string, type: string, addresses: readonly string[]): Interaction {
  const code = addresses.length === 0 ? 'NXDOMAIN' : 'NOERROR';
  const found = { name, type, code, addresses, ttl: 30 };
  return { ...common, id: `${type} ${name}`, kind: 'dns', sequence: 0, ...of(found) };
}

const of = (found: RecordedLookup): Pick<Interaction, 'request' | 'lookup'> => ({
  request: lookupRequest(found),
  lookup: found,
});

function request(host: string): Interaction {
  const destination = { host, port: 443, secure: true };
  const asked = { method: 'GET', destination, path: '/', httpVersion: '1.1', headers: [] };
  return { ...common, id: host, kind: 'http', sequence: 0, request: asked };
}

function names(interactions: readonly Interaction[], more: Partial<ReplayNamesOptions> = {}) {
  const recording = createRecording({
    name: 'names',
    file: 'names.json',
    interactions,
    digest: '',
    unfinished: false,
  });
  const cursors = createCursors(recording);
  return { ...replayNames({ recording, cursors, search: [], ipv6: true, ...more }), cursors };
}

describe('replaying names', () => {
  test('answers what was recorded, in order, and then the last again', async () => {
    const { resolve, cursors } = names([
      lookup('a.test', 'A', []),
      lookup('a.test', 'A', ['1.1.1.1']),
    ]);
    const answers = [];
    for (let round = 0; round < 3; round += 1) answers.push(await resolve(question('a.test')));
    expect(answers).toMatchObject([
      { code: 'NXDOMAIN', outcome: 'replayed' },
      { code: 'NOERROR', addresses: ['1.1.1.1'], ttl: 30, outcome: 'replayed' },
      { addresses: ['1.1.1.1'], outcome: 'repeated', interaction: 'A a.test' },
    ]);
    expect(cursors.unused()).toBe(0);
  });

  test('makes up an address for a host that was only spoken to', async () => {
    const { resolve, nameOf } = names([request('b.test'), request('10.0.0.1')]);
    const answer = await resolve(question('b.test'));
    expect(answer).toMatchObject({ code: 'NOERROR', outcome: 'replayed' });
    const [address = ''] = answer?.addresses ?? [];
    expect(address).toMatch(/^198\.1[89]\./);
    expect(nameOf(address)).toBe('b.test');
    expect(await resolve(question('b.test', 'AAAA'))).toMatchObject({
      code: 'NOERROR',
      addresses: [],
    });
    expect(await resolve(question('b.test', 'TXT'))).toMatchObject({ code: 'NOERROR' });
  });

  test.each([
    [true, ['fd00::1']],
    [false, []],
  ])('tells IPv6 addresses where they lead here: %s', async (ipv6, addresses) => {
    const { resolve } = names([lookup('a.test', 'AAAA', ['fd00::1'])], { ipv6 });
    const answer = await resolve(question('a.test', 'AAAA'));
    expect(answer).toMatchObject({ code: 'NOERROR', addresses });
    expect((await resolve(question('a.test')))?.addresses).toHaveLength(1);
  });

  test('says of what it does not know that it does not exist, and counts it as missed', async () => {
    const { resolve } = names([request('a.test'), lookup('gone.test', 'A', [])], {
      search: ['lan.test'],
    });
    const outcomeOf = async (name: string, type: 'A' | 'AAAA' | 'TXT' = 'A') => {
      const answer = await resolve(question(name, type));
      return `${answer?.code} ${answer?.outcome}`;
    };
    expect(await outcomeOf('other.test')).toBe('NXDOMAIN missed');
    expect(await outcomeOf('gone.test')).toBe('NXDOMAIN replayed');
    // A name that does not exist does not for any type.
    expect(await outcomeOf('gone.test', 'AAAA')).toBe('NXDOMAIN replayed');
    // Clients try their search list first: no miss.
    expect(await outcomeOf('a.test.lan.test')).toBe('NXDOMAIN replayed');
    expect(await outcomeOf('other.test.lan.test')).toBe('NXDOMAIN missed');
  });
});

describe('made-up addresses', () => {
  test('are the same in each run, and stay when other hosts come', () => {
    const few = madeUpAddresses(new Set(['b.test', 'a.test']));
    const more = madeUpAddresses(new Set(['c.test', 'a.test', 'b.test']));
    expect(few.get('a.test')).toBe('198.19.72.203');
    expect([...few].every(([host, address]) => more.get(host) === address)).toBe(true);
  });

  test('never meet, and stay within their range', () => {
    const hosts = Array.from({ length: 20_000 }, (_, index) => `host-${index}.test`);
    const addresses = [...madeUpAddresses(new Set(hosts)).values()];
    expect(new Set(addresses).size).toBe(20_000);
    expect(addresses.filter((one) => !/^198\.1[89]\.\d{1,3}\.\d{1,3}$/.test(one))).toEqual([]);
    expect(addresses).not.toContain('198.18.0.0');
  });
});
