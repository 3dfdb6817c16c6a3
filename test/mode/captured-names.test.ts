import { describe, expect, test } from '@jest/globals';
import type { DnsData, DnsFinding } from '../../src/exchange/dns.ts';
import { capturedNames } from '../../src/mode/captured-names.ts';
import { plainFinding, readFinding, writeAnswer } from '../../src/support/dns-finding.ts';
import { found, question } from '../support/name-server.ts';

async function told(
  type: string,
  finding: DnsFinding,
  ipv6 = true,
): Promise<DnsFinding | undefined> {
  const asked = question('a.test', type);
  const message = writeAnswer(asked.message, finding);
  const resolver = { resolve: async () => ({ message, outcome: 'recorded' as const }) };
  const answer = await capturedNames(resolver, () => ipv6).resolve(asked);
  expect(answer.outcome).toBe('recorded');
  if (answer.message === message) return undefined;
  return readFinding(answer.message);
}

const service = (params: Readonly<Record<string, unknown>>): DnsFinding =>
  serviceOf({ priority: 1, target: '.', params });
const serviceOf = (data: DnsData): DnsFinding =>
  plainFinding('NOERROR', [{ name: 'a.test', type: 'HTTPS', ttl: 9, data }]);

describe('clients that are captured', () => {
  test('are told what leads nowhere else as it is', async () => {
    const finding = found({ name: 'a.test', type: 'AAAA' }, ['fd00::1']);
    expect(await told('AAAA', finding)).toBeUndefined();
    expect(await told('HTTPS', service({ alpn: ['h2'], port: 443 }))).toBeUndefined();
    expect(
      await told('A', found({ name: 'a.test', type: 'A' }, ['1.1.1.1']), false),
    ).toBeUndefined();
  });

  test('are told no address of IPv6 where that is not captured, but the alias', async () => {
    const alias = { name: 'a.test', type: 'CNAME', ttl: 5, data: 'b.test' };
    const six = { name: 'b.test', type: 'AAAA', ttl: 5, data: 'fd00::1' };
    const finding = { ...plainFinding('NOERROR', [alias, six]), additional: [six] };
    expect(await told('AAAA', finding, false)).toEqual(plainFinding('NOERROR', [alias]));
  });

  test.each([
    [{ alpn: ['h3', 'h2', 'h3-29'] }, { alpn: ['h2'] }],
    [{ alpn: ['h3'], port: 8443 }, { port: 8443 }],
    [{ alpn: ['h2'], ech: { base64: 'QUI=' } }, { alpn: ['h2'] }],
    [
      { mandatory: ['alpn', 'ech'], alpn: ['h2', 'h3'], ech: { base64: 'QUI=' } },
      { mandatory: ['alpn'], alpn: ['h2'] },
    ],
    [{ mandatory: ['ech'], ech: { base64: 'QUI=' } }, {}],
    [
      { alpn: ['h3', 'h2'], 'no-default-alpn': true },
      { alpn: ['h2'], 'no-default-alpn': true },
    ],
  ])('are told of no QUIC, and no key for the server name: %j', async (sent, params) => {
    expect(await told('HTTPS', service(sent))).toEqual(service(params));
  });

  test('are not told of a server that speaks QUIC alone, nor of what nobody understands', async () => {
    const none = plainFinding('NOERROR');
    expect(await told('HTTPS', service({ alpn: ['h3'], 'no-default-alpn': true }))).toEqual(none);
    expect(await told('HTTPS', serviceOf({ base64: 'AAE=' }))).toEqual(none);
  });

  test('are told of hints as of addresses', async () => {
    const hints = { ipv4hint: ['1.1.1.1'], ipv6hint: ['fd00::1'] };
    expect(await told('HTTPS', service(hints))).toBeUndefined();
    expect(await told('HTTPS', service(hints), false)).toEqual(service({ ipv4hint: ['1.1.1.1'] }));
  });

  test.each([
    ['A', Buffer.from('noise')],
    ['HTTPS', undefined],
  ])('of what cannot be read, an answer for %s is passed on: %s', async (type, passed) => {
    const message = Buffer.from('noise');
    const resolver = { resolve: async () => ({ message, outcome: 'forwarded' as const }) };
    const asked = question('a.test', type);
    const answer = await capturedNames(resolver, () => true).resolve(asked);
    if (passed !== undefined) expect(answer.message).toEqual(passed);
    else expect(readFinding(answer.message)).toEqual(plainFinding('SERVFAIL'));
  });
});
