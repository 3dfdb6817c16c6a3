import type { DnsAnswer, DnsQuestion, Resolver } from '../exchange/dns.ts';
import type { Interaction } from '../exchange/interaction.ts';
import { lookupRequest } from '../exchange/interaction.ts';
import { finished } from '../exchange/conversation.ts';
import { createBoundedCache } from '../support/bounded-cache.ts';
import type { RecordOptions } from './commit.ts';
import { asFailure } from './commit.ts';

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
 * A resolver that writes what the given one answers: addresses, and that a name does not exist. It is
 * written again only where it has changed. Ids are of a series of their own, so that those of
 * exchanges are the same whether names were captured or not.
 */
export function recordNames(resolver: Resolver, options: RecordNamesOptions): Resolver {
  const last = createBoundedCache<string>(namesMax);
  for (const { lookup } of options.recorded) {
    if (lookup !== undefined) last.set(keyOf(lookup), spelt(lookup), Number.POSITIVE_INFINITY);
  }
  let count = options.recorded.filter(({ kind }) => kind === 'dns').length;
  return {
    async resolve(question) {
      const startedAt = performance.now();
      const answer = await resolver.resolve(question);
      if (answer === undefined || !isKept(answer)) return answer;
      if (last.get(keyOf(question)) === spelt(answer)) return answer;
      last.set(keyOf(question), spelt(answer), Number.POSITIVE_INFINITY);
      const id = `n${String(count).padStart(6, '0')}`;
      count += 1;
      const written = await write(options, interactionOf(question, answer, { id, startedAt }));
      return written ? { ...answer, outcome: 'recorded', interaction: id } : answer;
    },
  };
}

function isKept({ code, addresses }: DnsAnswer): boolean {
  return code === 'NXDOMAIN' || (code === 'NOERROR' && addresses.length > 0);
}

function keyOf({ name, type }: Pick<DnsQuestion, 'name' | 'type'>): string {
  return `${type} ${name}`;
}

/** Servers take turns in the order of addresses: that is no change. */
function spelt({ code, addresses }: Pick<DnsAnswer, 'code' | 'addresses'>): string {
  return `${code} ${addresses.toSorted().join(' ')}`;
}

function interactionOf(
  { name, type }: DnsQuestion,
  { code, addresses, ttl }: DnsAnswer,
  { id, startedAt }: { readonly id: string; readonly startedAt: number },
): Omit<Interaction, 'sequence'> {
  return {
    id,
    kind: 'dns',
    startedAt: new Date(performance.timeOrigin + startedAt).toISOString(),
    request: lookupRequest({ name, type }),
    lookup: { name, type, code, addresses, ttl },
    timing: { endMs: Math.round((performance.now() - startedAt) * 1000) / 1000 },
    ending: finished,
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
