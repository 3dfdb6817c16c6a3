import type { Ending } from '../exchange/conversation.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import type { Answer, Upstream } from '../exchange/upstream.ts';
import { createBoundedCache } from '../support/bounded-cache.ts';

/** When a destination is left alone, and for how long. */
export interface BreakerOptions {
  /** Failures in a row after which it is. */
  readonly failures: number;
  readonly openMs: number;
  /** Told when that begins. */
  readonly onOpen: (failure: Failure) => void;
}

/** What is known of a destination that failed lately. */
interface Circuit {
  failures: number;
  /** `performance.now()` until which nobody is let through. */
  openUntil: number;
}

/** Destinations that are watched; the one that failed longest ago is forgotten first. */
const circuitsMax = 1_000;

/**
 * An upstream that leaves a destination alone for a while after so many failures in a row: refused,
 * timed out, not resolved, without TLS, or ended before a head. One exchange then tries again.
 */
export function breaker(upstream: Upstream, options: BreakerOptions): Upstream {
  const circuits = createBoundedCache<Circuit>(circuitsMax);
  const failureFor = (destination: Destination, tries: boolean): Failure | undefined => {
    const circuit = circuits.get(authorityOf(destination));
    const now = performance.now();
    if (circuit === undefined || circuit.failures < options.failures) return undefined;
    if (now < circuit.openUntil) return openFailure(destination, circuit.openUntil - now);
    // This one tries; the others wait for what comes of it.
    if (tries) circuit.openUntil = now + options.openMs;
    return undefined;
  };
  const learn = (destination: Destination, failed: boolean): void => {
    const key = authorityOf(destination);
    if (!failed) return circuits.delete(key);
    const circuit = circuits.get(key) ?? { failures: 0, openUntil: 0 };
    circuit.failures += 1;
    circuits.set(key, circuit, Number.POSITIVE_INFINITY);
    if (circuit.failures < options.failures) return;
    circuit.openUntil = performance.now() + options.openMs;
    if (circuit.failures === options.failures) {
      options.onOpen(openFailure(destination, options.openMs));
    }
  };
  return {
    async offer(destination, hello) {
      // Accepted: the exchange inside is told.
      if (failureFor(destination, false) !== undefined) return { type: 'unknown' };
      const offer = await upstream.offer(destination, hello);
      if (offer.type === 'ended') learn(destination, isFault(offer.ending));
      return offer;
    },
    async open(exchange) {
      const failure = failureFor(exchange.destination, true);
      if (failure !== undefined) return refusedBy(failure);
      const answer = await upstream.open(exchange);
      void hear(answer, (failed) => learn(exchange.destination, failed));
      return answer;
    },
  };
}

function openFailure(destination: Destination, leftMs: number): Failure {
  const words = `magneto leaves ${authorityOf(destination)} alone for ${Math.ceil(leftMs / 1000)} s`;
  return new Failure('BREAKER_OPEN', `${words}, because it failed again and again`);
}

function refusedBy(failure: Failure): Answer {
  return { body: undefined, ending: { type: 'refused' }, outcome: 'failed', failure };
}

/** A head is a sign of life, whatever comes after it; so is an end without one of a raw stream. */
async function hear(answer: Answer, learn: (failed: boolean) => void): Promise<void> {
  if (answer.failure !== undefined) return;
  if (answer.head !== undefined || answer.framing === 'raw') return learn(false);
  const ending = await answer.ending;
  if (!('by' in ending && ending.by === 'client')) learn(isFault(ending));
}

function isFault(ending: Ending): boolean {
  return ending.type !== 'finished' && !('by' in ending && ending.by === 'client');
}
