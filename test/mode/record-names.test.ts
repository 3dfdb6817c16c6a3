import { describe, expect, test } from '@jest/globals';
import type { DnsAnswer } from '../../src/exchange/dns.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { recordNames } from '../../src/mode/record-names.ts';
import { question } from '../support/name-server.ts';

const live = (addresses: readonly string[], code = 'NOERROR'): DnsAnswer => ({
  code,
  addresses,
  ttl: 30,
  outcome: 'forwarded',
});

function recorder(answers: readonly (DnsAnswer | undefined)[], recorded: Interaction[] = []) {
  const written: Interaction[] = [];
  const failures: string[] = [];
  const rest = [...answers];
  const resolver = recordNames(
    { resolve: () => Promise.resolve(rest.shift()) },
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
  return { resolver, written, failures };
}

describe('recording names', () => {
  test('writes addresses, and that a name does not exist', async () => {
    const { resolver, written } = recorder([live(['10.0.0.1']), live([], 'NXDOMAIN')]);
    expect(await resolver.resolve(question('a.test'))).toMatchObject({
      outcome: 'recorded',
      interaction: 'n000000',
    });
    await resolver.resolve(question('b.test', 'AAAA'));
    expect(written).toMatchObject([
      {
        id: 'n000000',
        kind: 'dns',
        sequence: 5,
        lookup: { name: 'a.test', type: 'A', code: 'NOERROR', addresses: ['10.0.0.1'], ttl: 30 },
      },
      { id: 'n000001', lookup: { name: 'b.test', type: 'AAAA', code: 'NXDOMAIN' } },
    ]);
  });

  test('writes an answer once, and again where it has changed', async () => {
    const turns = [['1.1.1.1', '1.1.1.2'], ['1.1.1.2', '1.1.1.1'], ['1.1.1.3']];
    const { resolver, written } = recorder(turns.map((addresses) => live(addresses)));
    const outcomes = [];
    for (const _ of turns) outcomes.push((await resolver.resolve(question('a.test')))?.outcome);
    expect(outcomes).toEqual(['recorded', 'forwarded', 'recorded']);
    expect(written.map(({ lookup }) => lookup?.addresses)).toEqual([turns[0], turns[2]]);
  });

  test('goes on from what the cassette has', async () => {
    const first = recorder([live(['1.1.1.1'])]);
    await first.resolver.resolve(question('a.test'));
    const second = recorder([live(['1.1.1.1']), live(['2.2.2.2'])], first.written);
    await second.resolver.resolve(question('a.test'));
    await second.resolver.resolve(question('b.test'));
    expect(second.written.map(({ id, lookup }) => `${id} ${lookup?.name}`)).toEqual([
      'n000001 b.test',
    ]);
  });

  test.each([
    ['nobody gave', undefined],
    ['has no address', live([])],
    ['is a failure', live([], 'SERVFAIL')],
  ])('does not write an answer that %s', async (_, answer) => {
    const { resolver, written } = recorder([answer]);
    expect(await resolver.resolve(question('a.test'))).toEqual(answer);
    expect(written).toEqual([]);
  });

  test('passes on what could not be written, and says so', async () => {
    const { resolver, failures } = recorder([live(['1.1.1.1'])]);
    const answer = await resolver.resolve(question('full.test'));
    expect(answer).toMatchObject({ outcome: 'forwarded', addresses: ['1.1.1.1'] });
    expect(failures).toEqual(['full.test RECORDING_FAILED']);
  });
});
