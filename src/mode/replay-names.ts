import type { Recording } from '../cassette/cassette.ts';
import type { DnsAnswer, DnsFinding, DnsQuestion, Resolver } from '../exchange/dns.ts';
import { addressRecords, plainFinding, writeAnswer } from '../support/dns-finding.ts';
import type { Cursors } from '../replay/replay.ts';
import type { KnownNames } from './known-names.ts';
import { findingOf, knownNames, reverseName } from './known-names.ts';
import { questionKey } from './record-names.ts';

/** What replaying names needs. */
export interface ReplayNamesOptions {
  readonly recording: Recording;
  readonly cursors: Cursors;
  /** Domains in which clients try a name before they try it as it is. */
  readonly search: readonly string[];
  /** What this machine is called: without a network Docker tells no container its own address. */
  readonly ownName: string;
  /** Whether IPv6 leads clients here, or else nowhere. */
  readonly ipv6: () => boolean;
  /** What clients are told of a name that nobody asked for. */
  readonly onMiss: NameMiss;
}

/** That a name does not exist, or that nobody could be asked. */
export type NameMiss = 'nxdomain' | 'servfail';

/** The names of a recording. */
export interface RecordedNames extends Resolver {
  /** The name that an address was told for. */
  readonly nameOf: (address: string) => string | undefined;
}

/** Seconds for an address that nobody recorded: it holds for the run. */
const madeUpTtl = 60;

/** Types that clients ask for of any host before they connect to it; that there is none says nothing. */
const addressTypes: ReadonlySet<string> = new Set(['A', 'AAAA', 'HTTPS', 'SVCB']);

/**
 * A resolver that answers from a recording: what was recorded of a name; else an address of its own
 * for each host that the recording has, and the name of each address that it told; and for any other
 * that it does not exist.
 */
export function replayNames(options: ReplayNamesOptions): RecordedNames {
  const { recording, cursors, search } = options;
  const ownName = options.ownName.toLowerCase();
  const known = knownNames(recording);
  const exists = (name: string): boolean => name === ownName || known.existing.has(name);
  const tried = (name: string): boolean =>
    search.some(
      (domain) => name.endsWith(`.${domain}`) && exists(name.slice(0, -domain.length - 1)),
    );
  const answering = (question: DnsQuestion): readonly [DnsFinding, Outcome] => {
    const { name } = question;
    const made = name === ownName ? itself(question) : madeUp(known, question);
    if (made !== undefined) return [made, { outcome: 'replayed' }];
    if (tried(name)) return [plainFinding('NXDOMAIN'), { outcome: 'replayed' }];
    if (options.onMiss === 'servfail') return [plainFinding('SERVFAIL'), { outcome: 'missed' }];
    // To say that a name which exists does not would hold for its address as well.
    const code = known.existing.has(name) ? 'NOERROR' : 'NXDOMAIN';
    return [plainFinding(code), { outcome: 'missed' }];
  };
  return {
    nameOf: known.nameOf,
    resolve(question) {
      const [found, rest] = recorded(known, cursors, question) ?? answering(question);
      const finding = options.ipv6() ? found : withIpv4(known, question, found);
      return Promise.resolve({ message: writeAnswer(question.message, finding), ...rest });
    },
  };
}

type Outcome = Pick<DnsAnswer, 'outcome' | 'interaction'>;

/** What was recorded of a question, if need be of one that spoke EDNS otherwise. */
function recorded(
  { lookups, missing }: KnownNames,
  cursors: Cursors,
  question: DnsQuestion,
): readonly [DnsFinding, Outcome] | undefined {
  const { edns, ...plain } = question;
  const keys = [edns, 'plain', undefined, 'dnssec'].map((asked) =>
    questionKey(asked === undefined ? plain : { ...plain, asked }),
  );
  const key = keys.find((one) => lookups.has(one)) ?? `missing ${question.name}`;
  const entries = lookups.get(key) ?? missing.get(question.name);
  const turn = entries && cursors.next(`dns ${key}`, () => entries);
  if (turn === undefined) return undefined;
  const { interaction } = turn.entry;
  const outcome = turn.repeated ? 'repeated' : 'replayed';
  return [findingOf(interaction), { outcome, interaction: interaction.id }];
}

/** A host that had IPv6 addresses alone has another one where those lead nowhere. */
function withIpv4(known: KnownNames, question: DnsQuestion, found: DnsFinding): DnsFinding {
  const isEmpty = found.code === 'NOERROR' && found.records.every(({ type }) => type !== 'A');
  return (question.type === 'A' && isEmpty ? madeUp(known, question) : undefined) ?? found;
}

/** Servers ask for the address of their own name; it is no business of a recording. */
function itself({ name, type }: DnsQuestion): DnsFinding {
  const addresses = type === 'A' ? ['127.0.0.1'] : [];
  return plainFinding('NOERROR', addressRecords({ name, type }, { addresses, ttl: madeUpTtl }));
}

/** What follows from the rest of the recording. */
function madeUp(known: KnownNames, { name, type }: DnsQuestion): DnsFinding | undefined {
  const address = known.madeUp.get(name);
  if (address !== undefined && addressTypes.has(type)) {
    const addresses = type === 'A' ? [address] : [];
    const records = addressRecords({ name, type }, { addresses, ttl: madeUpTtl });
    return plainFinding('NOERROR', records);
  }
  const host = type === 'PTR' ? reverseName(known, name) : undefined;
  return host === undefined
    ? undefined
    : plainFinding('NOERROR', [{ name, type, ttl: madeUpTtl, data: host }]);
}
