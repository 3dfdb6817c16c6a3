import type { Destination } from '../exchange/destination.ts';
import { isUnnamed } from '../exchange/destination.ts';
import type { DnsAnswer, DnsQuestion, Resolver } from '../exchange/dns.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { Upstream } from '../exchange/upstream.ts';
import type { Journal } from '../journal/journal.ts';
import { addressesIn } from '../support/dns-finding.ts';
import { withChanges } from '../exchange/changes.ts';

/** Asks the first resolver, and the second where the first has nothing recorded. */
export function eitherName(first: Resolver, second: Resolver): Resolver {
  return {
    async resolve(question) {
      const answer = await first.resolve(question);
      return answer.outcome === 'missed' ? second.resolve(question) : answer;
    },
  };
}

/**
 * An upstream that goes by name where a client goes by an address that a recording told it: where that
 * leads today, if anywhere, nobody knows.
 */
export function byName(
  upstream: Upstream,
  nameOf: (address: string) => string | undefined,
): Upstream {
  const named = (destination: Destination): Destination => {
    const { address, ...rest } = destination;
    const name = address === undefined ? undefined : nameOf(address);
    if (name === undefined) return destination;
    return isUnnamed(destination) ? { ...rest, host: name, learnt: 'dns' } : rest;
  };
  return {
    offer: (destination, hello) => upstream.offer(named(destination), hello),
    open(exchange) {
      const destination = named(exchange.destination);
      const same = destination === exchange.destination;
      return upstream.open(same ? exchange : withChanges<Exchange>(exchange, { destination }));
    },
  };
}

/** Of all sessions together: an id is that of one entry in the journal. */
let count = 0;

/** A resolver whose answers are entered in the journal; what a replay does not know is told of. */
export function journaledNames(
  resolver: Resolver,
  { journal, mode, onMissed }: JournaledNamesOptions,
): Resolver {
  return {
    async resolve(question) {
      count += 1;
      const id = `n${count.toString(36)}`;
      const startedAt = performance.now();
      const answer = await resolver.resolve(question);
      journal.append(entryOf({ id, startedAt, mode, question, answer }));
      if (answer.outcome === 'missed') {
        const { name, type } = question;
        const words = `${name} (${type}) is not in the cassette`;
        onMissed(new Failure('NAME_NOT_RECORDED', words), {
          destination: { host: name, port: 53, secure: false },
        });
      }
      return answer;
    },
  };
}

/** What entering questions for names needs. */
export interface JournaledNamesOptions {
  readonly journal: Journal;
  readonly mode: string;
  readonly onMissed: (failure: Failure, exchange: Pick<Exchange, 'destination'>) => void;
}

function entryOf(asked: {
  readonly id: string;
  readonly startedAt: number;
  readonly mode: string;
  readonly question: DnsQuestion;
  readonly answer: DnsAnswer;
}): Parameters<Journal['append']>[0] {
  const { id, startedAt, mode, question, answer } = asked;
  const addresses = addressesIn(answer.message);
  return {
    id,
    at: new Date(performance.timeOrigin + startedAt).toISOString(),
    kind: 'dns',
    mode,
    outcome: answer.outcome,
    method: question.type,
    host: question.name,
    port: 53,
    secure: false,
    ...(addresses.length > 0 ? { addresses } : {}),
    ms: Math.round((performance.now() - startedAt) * 1000) / 1000,
    bytesIn: question.message.length,
    bytesOut: answer.message.length,
    ...(answer.interaction === undefined ? {} : { interaction: answer.interaction }),
    ...(answer.outcome === 'missed' ? { failure: 'NAME_NOT_RECORDED' } : {}),
    ending: answer.ending ?? 'finished',
  };
}
