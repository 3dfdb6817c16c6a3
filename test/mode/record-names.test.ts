import { describe, expect, test } from '@jest/globals';
import type { DnsAnswer, DnsFinding, DnsQuestion } from '../../src/exchange/dns.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { recordNames } from '../../src/mode/record-names.ts';
import { plainFinding } from '../../src/support/dns-finding.ts';
import { answered, found, question, withEdns } from '../support/name-server.ts';

const a = question('a.test');
const live = (addresses: readonly string[]): DnsFinding => found(a, addresses);

function recorder(
  answers: readonly (DnsFinding | Partial<DnsAnswer>)[],
  recorded: readonly Interaction[] = [],
) {
  const written: Interaction[] = [];
  const failures: string[] = [];
  const rest = [...answers];
  const resolver = recordNames(
    {
      async resolve(asked) {
        const next = rest.shift() ?? {};
        if ('code' in next) return answered(asked, next);
        return { ...answered(asked, plainFinding('SERVFAIL')), ...next };
      },
    },
    {
      append: async (one) => {
        if (one.lookup?.name === 'full.test') throw new Error('no space');
        written.push(one);
      },
      onUnrecorded: ({ destination }, { code }) =>
        void failures.push(`${destination.host} ${code}`),
      placeOfNext: () => 5,
      recorded,
    },
  );
  const outcomeOf = async (asked: DnsQuestion): Promise<string> =>
    (await resolver.resolve(asked)).outcome;
  return { resolver, written, failures, outcomeOf };
}

describe('recording names', () => {
  test('writes what was answered, with its records', async () => {
    const { resolver, written } = recorder([live(['10.0.0.1'])]);
    const answer = await resolver.resolve(a);
    expect(answer).toMatchObject({ outcome: 'recorded', interaction: 'n000000' });
    expect(written).toEqual([
      expect.objectContaining({
        id: 'n000000',
        kind: 'dns',
        sequence: 5,
        ending: { type: 'finished', trailers: [] },
        lookup: {
          name: 'a.test',
          type: 'A',
          code: 'NOERROR',
          flags: ['ra'],
          records: [{ name: 'a.test', type: 'A', ttl: 30, data: '10.0.0.1' }],
          authority: [],
          additional: [],
        },
      }),
    ]);
  });

  test.each([
    ['that a name does not exist', plainFinding('NXDOMAIN')],
    ['that it has no such record', plainFinding('NOERROR')],
    ['that the resolver failed', plainFinding('SERVFAIL')],
    ['that it refused', plainFinding('REFUSED')],
  ])('writes %s', async (_, finding) => {
    const { written, outcomeOf } = recorder([finding]);
    expect(await outcomeOf(a)).toBe('recorded');
    expect(written[0]?.lookup).toMatchObject(finding);
  });

  test('writes that nobody said anything, and what the client was told', async () => {
    const { written, outcomeOf } = recorder([{ ending: 'timedOut' }]);
    expect(await outcomeOf(a)).toBe('recorded');
    expect(written).toMatchObject([{ ending: { type: 'timedOut' }, lookup: { code: 'SERVFAIL' } }]);
  });

  test('writes an answer once, and again where it has changed', async () => {
    const turns = [['1.1.1.1', '1.1.1.2'], ['1.1.1.2', '1.1.1.1'], ['1.1.1.3']];
    const { written, outcomeOf } = recorder(turns.map((addresses) => live(addresses)));
    const outcomes = [await outcomeOf(a), await outcomeOf(a), await outcomeOf(a)];
    expect(outcomes).toEqual(['recorded', 'forwarded', 'recorded']);
    const addresses = written.map(({ lookup }) => lookup?.records.map(({ data }) => data));
    expect(addresses).toEqual([turns[0], turns[2]]);
  });

  test('does not take a life that runs out for a change', async () => {
    const shorter = live(['1.1.1.1']).records.map((record) => ({ ...record, ttl: 3 }));
    const { outcomeOf } = recorder([live(['1.1.1.1']), plainFinding('NOERROR', shorter)]);
    expect([await outcomeOf(a), await outcomeOf(a)]).toEqual(['recorded', 'forwarded']);
  });

  test('tells questions apart by type, class and EDNS', async () => {
    const questions = [
      a,
      question('a.test', 'AAAA'),
      { ...a, class: 'CH' },
      withEdns(a),
      { ...withEdns(a), edns: 'dnssec' as const },
    ];
    const { written, outcomeOf } = recorder(questions.map(() => plainFinding('NOERROR')));
    for (const one of questions) expect(await outcomeOf(one)).toBe('recorded');
    expect(written.map(({ lookup }) => [lookup?.type, lookup?.class, lookup?.asked])).toEqual([
      ['A', undefined, undefined],
      ['AAAA', undefined, undefined],
      ['A', 'CH', undefined],
      ['A', undefined, 'plain'],
      ['A', undefined, 'dnssec'],
    ]);
  });

  test('goes on from what the cassette has', async () => {
    const first = recorder([live(['1.1.1.1'])]);
    await first.outcomeOf(a);
    const second = recorder([live(['1.1.1.1']), live(['2.2.2.2'])], first.written);
    await second.outcomeOf(a);
    await second.outcomeOf(question('b.test'));
    expect(second.written.map(({ id, lookup }) => `${id} ${lookup?.name}`)).toEqual([
      'n000001 b.test',
    ]);
  });

  test.each([
    ['that is ours, for there were too many', { outcome: 'failed' as const }],
    ['that cannot be read', { message: Buffer.from('noise') }],
  ])('does not write an answer %s', async (_, answer) => {
    const { resolver, written } = recorder([answer]);
    expect(await resolver.resolve(a)).toMatchObject(answer);
    expect(written).toEqual([]);
  });

  test('passes on what could not be written, and says so', async () => {
    const { failures, outcomeOf } = recorder([live(['1.1.1.1'])]);
    expect(await outcomeOf(question('full.test'))).toBe('forwarded');
    expect(failures).toEqual(['full.test RECORDING_FAILED']);
  });
});
