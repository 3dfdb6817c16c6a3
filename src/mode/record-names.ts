import type { DnsAnswer, DnsFinding, DnsQuestion, Resolver } from '../exchange/dns.ts';
import type { Interaction, RecordedLookup } from '../exchange/interaction.ts';
import { lookupRequest } from '../exchange/interaction.ts';
import { finished } from '../exchange/conversation.ts';
import { createBoundedCache } from '../support/bounded-cache.ts';
import { readFinding } from '../support/dns-finding.ts';
import type { RecordOptions } from '../record/record.ts';
import { asFailure } from '../record/record.ts';

/** What recording names needs. */
export interface RecordNamesOptions extends Pick<RecordOptions, 'append' | 'onUnrecorded'> {
  /** The place that the next exchange will have: an answer stands before it, and takes it from nobody. */
  readonly placeOfNext: () => number;
  /** What the cassette that is added to holds already. */
  readonly recorded: readonly Interaction[];
}

/** Names whose last answer is remembered, so that it is written once and not each time. */
const namesMax = 10_000;

/**
 * A resolver that writes what the given one answers, whatever that is: also that it failed, or said
 * nothing. It is written again only where it has changed. Ids are of a series of their own, so that
 * those of exchanges are the same whether names were captured or not.
 */
export function recordNames(resolver: Resolver, options: RecordNamesOptions): Resolver {
  const last = createBoundedCache<string>(namesMax);
  for (const { lookup } of options.recorded) {
    if (lookup !== undefined)
      last.set(questionKey(lookup), spelt(lookup), Number.POSITIVE_INFINITY);
  }
  let count = options.recorded.filter(({ kind }) => kind === 'dns').length;
  return {
    async resolve(question) {
      const startedAt = performance.now();
      const answer = await resolver.resolve(question);
      const finding = answer.outcome === 'forwarded' ? readFinding(answer.message) : undefined;
      if (finding === undefined) return answer;
      const lookup = lookupOf(question, finding);
      const key = questionKey(lookup);
      if (last.get(key) === spelt(finding)) return answer;
      last.set(key, spelt(finding), Number.POSITIVE_INFINITY);
      const id = `n${String(count).padStart(6, '0')}`;
      count += 1;
      const interaction = interactionOf(lookup, { id, startedAt, ending: answer.ending });
      const written = await write(options, interaction);
      return written ? { ...answer, outcome: 'recorded', interaction: id } : answer;
    },
  };
}

/** Two questions of one key have one answer. */
export function questionKey({ name, type, class: kind = 'IN', asked = '' }: Keyed): string {
  return `${type} ${name} ${kind} ${asked}`;
}

/** What tells questions apart. */
interface Keyed {
  readonly name: string;
  readonly type: string;
  readonly class?: string;
  readonly asked?: string;
}

/** Servers take turns in the order of records, and count down how long they may be kept: that is no change. */
function spelt({ code, records, authority, additional }: DnsFinding): string {
  const sections = [records, authority, additional].map((section) =>
    section.map(({ name, type, data }) => JSON.stringify([name, type, data])).toSorted(),
  );
  return JSON.stringify([code, sections]);
}

function lookupOf(
  { name, type, class: kind, edns }: DnsQuestion,
  found: DnsFinding,
): RecordedLookup {
  return {
    name,
    type,
    ...(kind === undefined ? {} : { class: kind }),
    ...(edns === undefined ? {} : { asked: edns }),
    ...found,
  };
}

function interactionOf(
  lookup: RecordedLookup,
  taken: {
    readonly id: string;
    readonly startedAt: number;
    readonly ending: DnsAnswer['ending'];
  },
): Omit<Interaction, 'sequence'> {
  const { id, startedAt, ending } = taken;
  return {
    id,
    kind: 'dns',
    startedAt: new Date(performance.timeOrigin + startedAt).toISOString(),
    request: lookupRequest(lookup),
    lookup,
    timing: { endMs: Math.round((performance.now() - startedAt) * 1000) / 1000 },
    ending: ending === undefined ? finished : { type: ending },
  };
}

async function write(
  { append, placeOfNext, onUnrecorded }: RecordNamesOptions,
  interaction: Omit<Interaction, 'sequence'>,
): Promise<boolean> {
  try {
    await append({ ...interaction, sequence: placeOfNext() });
    return true;
  } catch (error) {
    onUnrecorded({ destination: interaction.request.destination }, asFailure(error));
    return false;
  }
}
