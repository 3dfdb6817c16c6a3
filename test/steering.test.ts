import { describe, expect, test } from '@jest/globals';
import type { DnsFinding, DnsQuestion } from '../src/exchange/dns.ts';
import type { Outcome } from '../src/exchange/upstream.ts';
import { steered } from '../src/steering.ts';
import { plainFinding, readFinding } from '../src/support/dns-finding.ts';
import { answered, found, question } from './support/name-server.ts';

const asked = question('a.test');

/** What a client is told by a gateway that was asked at 172.30.0.2, and has no IPv6. */
async function told(
  finding: DnsFinding,
  { outcome = 'replayed', of = asked }: { outcome?: Outcome; of?: DnsQuestion } = {},
): Promise<DnsFinding | undefined> {
  const resolver = { resolve: async () => answered(of, finding, outcome) };
  const beside = (at: string, family: string) => (family === 'IPv4' ? at : undefined);
  const answer = await steered(resolver, '172.30.0.2', beside).resolve(of);
  expect(answer.outcome).toBe(outcome);
  return readFinding(answer.message);
}

const recorded = found(asked, ['203.0.113.7', '203.0.113.8']);

describe('a gateway', () => {
  test.each(['replayed', 'repeated'] as const)(
    'tells its own address, where %s',
    async (outcome) => {
      expect(await told(recorded, { outcome })).toEqual(found(asked, ['172.30.0.2']));
    },
  );

  test('tells it of the last of some aliases', async () => {
    const alias = { name: 'a.test', type: 'CNAME', ttl: 9, data: 'b.test' };
    const address = { name: 'b.test', type: 'A', ttl: 9, data: '203.0.113.7' };
    const additional = [{ name: 'ns.test', type: 'A', ttl: 9, data: '203.0.113.9' }];
    const finding = { ...plainFinding('NOERROR', [alias, address]), additional };
    expect(await told(finding)).toEqual(
      plainFinding('NOERROR', [alias, { ...address, data: '172.30.0.2' }]),
    );
  });

  test('tells none of a family that it does not have, and no hints of others', async () => {
    const six = question('a.test', 'AAAA');
    expect(await told(found(six, ['2001:db8::7']), { of: six })).toEqual(plainFinding('NOERROR'));
    const service = question('a.test', 'HTTPS');
    const params = { ipv4hint: ['203.0.113.7'] };
    const data = { priority: 1, target: '.', params };
    const hinting = plainFinding('NOERROR', [{ name: 'a.test', type: 'HTTPS', ttl: 9, data }]);
    expect(await told(hinting, { of: service })).toEqual(plainFinding('NOERROR'));
  });

  const text = question('a.test', 'TXT');
  test.each<[string, DnsFinding, { outcome?: Outcome; of?: DnsQuestion }]>([
    ['a live answer', recorded, { outcome: 'recorded' }],
    ['a name that is not known', plainFinding('NXDOMAIN'), {}],
    [
      'what is no address',
      plainFinding('NOERROR', [{ name: 'a.test', type: 'TXT', ttl: 9, data: ['a text'] }]),
      { of: text },
    ],
  ])('leaves %s as it is', async (_what, finding, how) => {
    expect(await told(finding, how)).toEqual(finding);
  });
});
