import { authorityOf } from '../exchange/destination.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';

/** Lets exchanges out, so long as they do not go round in a circle. */
export interface IdenticalCap {
  /**
   * Counts an exchange that waits for its answer; the answer ends that.
   * @throws Failure DESTINATION_IS_PROXY where too many like it wait already.
   */
  readonly enter: (exchange: HttpExchange) => () => void;
}

/** How many requests that are equal may wait at once for a destination that may be ourselves. */
export const identicalMax = 256;

/**
 * A port that is published by a machine leads back here under an address that is none of ours, and
 * through a relay that tells nothing of where it came from. Such a destination mostly has the port of
 * one of our listeners; if equal requests to it pile up unanswered, they are one that goes round.
 */
export function createIdenticalCap(listensOn: (port: number) => boolean): IdenticalCap {
  const waiting = new Map<string, number>();
  return {
    enter({ destination, head }) {
      if (!listensOn(destination.port)) return () => {};
      const where = authorityOf(destination);
      const key = `${head.method} ${where}${head.path}`;
      const count = (waiting.get(key) ?? 0) + 1;
      if (count > identicalMax) {
        const words = `${identicalMax} equal requests wait for ${where}, which seems to lead back here`;
        throw new Failure('DESTINATION_IS_PROXY', words);
      }
      waiting.set(key, count);
      return () => {
        const left = (waiting.get(key) ?? 1) - 1;
        if (left > 0) waiting.set(key, left);
        else waiting.delete(key);
      };
    },
  };
}
