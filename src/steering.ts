import type { DnsData, DnsFinding, DnsRecord, Resolver } from './exchange/dns.ts';
import { readFinding, writeAnswer } from './support/dns-finding.ts';
import { addressBeside } from './support/interfaces.ts';

/**
 * A resolver that tells clients of a gateway its own address in place of those that a cassette has:
 * whatever stands between them and the rest of the world, to the gateway they get. Docker, for one, drops
 * what leaves the range of an `internal` network, even on its way to a container inside. What a
 * connection is for is told by its server name or Host header. Live answers are as they are.
 */
export function steered(
  resolver: Resolver,
  at: string,
  beside: typeof addressBeside = addressBeside,
): Resolver {
  return {
    async resolve(question) {
      const answer = await resolver.resolve(question);
      if (answer.outcome !== 'replayed' && answer.outcome !== 'repeated') return answer;
      const finding = readFinding(answer.message);
      if (finding === undefined || !finding.records.some(leadsSomewhere)) return answer;
      const own = { A: beside(at, 'IPv4'), AAAA: beside(at, 'IPv6') };
      return { ...answer, message: writeAnswer(question.message, steeredFinding(finding, own)) };
    },
  };
}

/** Our addresses, by the type of their records. */
type Own = Readonly<Record<'A' | 'AAAA', string | undefined>>;

function steeredFinding(finding: DnsFinding, own: Own): DnsFinding {
  const { wire: _, ...rest } = finding;
  const told = new Set<string>();
  const records = finding.records.flatMap((record): readonly DnsRecord[] => {
    const { type } = record;
    if (!leadsSomewhere(record)) return [record];
    // One is enough: a second one would be the same.
    const data = type === 'A' || type === 'AAAA' ? own[type] : undefined;
    if (data === undefined || told.has(type)) return [];
    told.add(type);
    return [{ ...record, data }];
  });
  const additional = finding.additional.filter((record) => !leadsSomewhere(record));
  return { ...rest, records, additional };
}

/** Whether a record has an address, or a hint of one (RFC 9460, 7.3). */
function leadsSomewhere({ type, data }: DnsRecord): boolean {
  return type === 'A' || type === 'AAAA' || hasHints(data);
}

function hasHints(data: DnsData): boolean {
  const { params } = Object(data) as { readonly params?: unknown };
  return ['ipv4hint', 'ipv6hint'].some((hint) => Object.hasOwn(Object(params) as object, hint));
}
