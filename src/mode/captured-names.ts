import type { DnsAnswer, DnsFinding, DnsQuestion, DnsRecord, Resolver } from '../exchange/dns.ts';
import { plainFinding, readFinding, writeAnswer } from '../support/dns-finding.ts';

/**
 * A resolver for clients that are captured: it tells them of no way to a server that is not. No
 * address of IPv6 where that is not captured; no QUIC, and no key to encrypt the server's name with,
 * by which we know where they go. What is recorded is what was sent.
 */
export function capturedNames(resolver: Resolver, ipv6: () => boolean): Resolver {
  return {
    async resolve(question) {
      const answer = await resolver.resolve(question);
      const finding = readFinding(answer.message);
      if (finding === undefined) return unread(question, answer);
      const told = withCapturedOnly(finding, ipv6());
      if (told === finding) return answer;
      return { ...answer, message: writeAnswer(question.message, told) };
    },
  };
}

/** What cannot be read may lead anywhere. */
function unread({ type, message }: DnsQuestion, answer: DnsAnswer): DnsAnswer {
  if (type !== 'AAAA' && type !== 'HTTPS' && type !== 'SVCB') return answer;
  return { ...answer, message: writeAnswer(message, plainFinding('SERVFAIL')) };
}

function withCapturedOnly(finding: DnsFinding, ipv6: boolean): DnsFinding {
  let changed = false;
  const captured = (records: readonly DnsRecord[]): readonly DnsRecord[] =>
    records.flatMap((record) => {
      const kept = capturedRecord(record, ipv6);
      changed ||= kept !== record;
      return kept === undefined ? [] : [kept];
    });
  const { wire: _, ...rest } = finding;
  const told = {
    ...rest,
    records: captured(finding.records),
    authority: captured(finding.authority),
    additional: captured(finding.additional),
  };
  return changed ? told : finding;
}

/** The record as it is to be told; nothing where it is not. */
function capturedRecord(record: DnsRecord, ipv6: boolean): DnsRecord | undefined {
  const { type, data } = record;
  if (type === 'AAAA') return ipv6 ? record : undefined;
  if (type !== 'HTTPS' && type !== 'SVCB') return record;
  const { params } = Object(data) as { readonly params?: Params };
  // One that breaks the rules of its type is not understood: nobody knows where it leads.
  if (params === undefined) return undefined;
  const told = capturedParams(params, ipv6);
  if (told === params) return record;
  return told && { ...record, data: { ...Object(data), params: told } as DnsRecord['data'] };
}

type Params = Readonly<Record<string, unknown>>;

/** Nothing where the server speaks QUIC alone. */
function capturedParams(params: Params, ipv6: boolean): Params | undefined {
  const alpn = listOf(params['alpn']);
  const spoken = alpn.filter((protocol) => !overQuic.test(protocol));
  const dropped = new Set<string>();
  if ('ech' in params) dropped.add('ech');
  if ('ipv6hint' in params && !ipv6) dropped.add('ipv6hint');
  if (spoken.length < alpn.length) {
    if (spoken.length === 0 && 'no-default-alpn' in params) return undefined;
    if (spoken.length === 0) dropped.add('alpn');
  } else if (dropped.size === 0) {
    return params;
  }
  const mandatory = listOf(params['mandatory']).filter((key) => !dropped.has(key));
  if (mandatory.length === 0) dropped.add('mandatory');
  const kept = Object.entries(params).filter(([key]) => !dropped.has(key));
  const told: Params = Object.fromEntries(kept);
  return {
    ...told,
    ...(spoken.length > 0 && { alpn: spoken }),
    ...(mandatory.length > 0 && { mandatory }),
  };
}

/** `h3`, its drafts (`h3-29`), and what came before it. */
const overQuic = /^(?:h3|hq|h3-.*|hq-.*|quic.*)$/i;

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
