import { describe, expect, test } from '@jest/globals';
import type { Destination } from '../../src/exchange/destination.ts';
import type { DnsAnswer, Resolver } from '../../src/exchange/dns.ts';
import type { Upstream } from '../../src/exchange/upstream.ts';
import { createJournal } from '../../src/journal/journal.ts';
import { byName, eitherName, journaledNames } from '../../src/mode/names.ts';
import { answered, found, question } from '../support/name-server.ts';
import { ask } from './harness.ts';

const saying = (outcome: DnsAnswer['outcome'], more: Partial<DnsAnswer> = {}): Resolver => ({
  resolve: async (asked) => ({ ...answered(asked, found(asked, ['1.1.1.1']), outcome), ...more }),
});

test.each([
  ['replayed', 'replayed'],
  ['repeated', 'repeated'],
  ['missed', 'forwarded'],
] as const)('where the first answer is %s, the answer is %s', async (first, expected) => {
  const resolver = eitherName(saying(first), saying('forwarded'));
  expect((await resolver.resolve(question('a.test'))).outcome).toBe(expected);
});

describe('going by name', () => {
  async function dialled(destination: Destination): Promise<readonly Destination[]> {
    const seen: Destination[] = [];
    const upstream: Upstream = {
      async offer(to) {
        seen.push(to);
        return { type: 'unknown' };
      },
      async open(exchange) {
        seen.push(exchange.destination);
        return { body: undefined, ending: { type: 'refused' }, outcome: 'forwarded' };
      },
    };
    const named = byName(upstream, (address) => (address === '198.18.0.1' ? 'a.test' : undefined));
    await named.offer(destination);
    await named.open(ask({ destination }).exchange);
    return seen;
  }
  const made = { host: 'a.test', port: 443, secure: true };
  const named = { ...made, learnt: 'dns' as const };

  test.each([
    ['an address that was made up', { ...made, address: '198.18.0.1' }, made],
    ['one without a name yet', { ...made, host: '198.18.0.1', address: '198.18.0.1' }, named],
    ['a real one', { ...made, address: '1.2.3.4' }, { ...made, address: '1.2.3.4' }],
    ['none', made, made],
  ])('%s', async (_, destination, expected) => {
    expect(await dialled(destination)).toEqual([expected, expected]);
  });
});

test('questions are entered in the journal, and misses told of', async () => {
  const journal = createJournal();
  const missed: string[] = [];
  const resolvers = [
    saying('replayed'),
    saying('missed'),
    saying('forwarded', { ending: 'timedOut' }),
  ];
  for (const one of resolvers) {
    const resolver = journaledNames(one, {
      journal,
      mode: 'replay',
      onMissed: (failure, { destination }) =>
        void missed.push(`${failure.code} ${destination.host}`),
    });
    await resolver.resolve(question('a.test'));
  }
  expect(journal.entries()).toMatchObject([
    { kind: 'dns', method: 'A', host: 'a.test', outcome: 'replayed', ending: 'finished' },
    { outcome: 'missed', failure: 'NAME_NOT_RECORDED' },
    { outcome: 'forwarded', ending: 'timedOut' },
  ]);
  expect(journal.counts()).toMatchObject({ served: 1, missed: 1, liveCalls: 1 });
  expect(missed).toEqual(['NAME_NOT_RECORDED a.test']);
  // Each resolver is another session's; the journal is everybody's.
  expect(new Set(journal.entries().map(({ id }) => id)).size).toBe(3);
});
