import type { Destination } from '../exchange/destination.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { FaultEffect, FaultRule } from '../exchange/fault.ts';
import { createBoundedCache } from '../support/bounded-cache.ts';
import { createHostPatterns } from '../support/host-patterns.ts';
import { seeded } from '../support/seeded.ts';

/** What is to happen to one exchange, and the numbers that it draws from. */
export interface Planned {
  readonly effects: readonly FaultEffect[];
  readonly random: () => number;
}

/** Decides what happens to whom: the same for the same seed and the same n-th equal request, in whatever order they come. */
export interface FaultPlan {
  readonly forExchange: (exchange: Exchange) => Planned;
  /** Whether an attempt to connect is to be refused. */
  readonly refuses: (destination: Destination) => boolean;
}

/** Requests of which it is known how often they came; the one that came longest ago is forgotten first. */
const requestsMax = 10_000;

/** Makes the plan of some rules. */
export function planFaults(rules: readonly FaultRule[], seed: string): FaultPlan {
  const compiled = rules.map(({ hosts, path, faults }) => ({
    hosts: createHostPatterns([hosts]),
    path: path === undefined ? undefined : pathPattern(path),
    faults,
  }));
  const seen = createBoundedCache<number>(requestsMax);
  const numbersFor = (what: string): (() => number) => {
    const times = (seen.get(what) ?? 0) + 1;
    seen.set(what, times, Number.POSITIVE_INFINITY);
    return seeded(`${seed} ${what} ${times}`);
  };
  const effectsOf = (
    { destination, path }: { readonly destination: Destination; readonly path: string },
    what: string,
  ): Planned => {
    const random = numbersFor(what);
    const faults = compiled
      .filter((rule) => rule.hosts.has(destination) && rule.path?.test(path) !== false)
      .flatMap((rule) => rule.faults);
    // Each draws, whether it is used or not: one more rule must not change the luck of another.
    const effects = faults.flatMap(({ effect, percent }) =>
      random() * 100 < percent ? [effect] : [],
    );
    return { effects, random };
  };
  return {
    forExchange(exchange) {
      const { destination } = exchange;
      const { method, path } = exchange.kind === 'stream' ? nothingSaid : exchange.head;
      // Without the port: that of a server under test changes from run to run.
      const what = `${method} ${destination.host}${path}`;
      return effectsOf({ destination, path: withoutQuery(path) }, what);
    },
    refuses(destination) {
      const what = `connect ${destination.host}`;
      const { effects } = effectsOf({ destination, path: '' }, what);
      return effects.some(({ type }) => type === 'refuse');
    },
  };
}

const nothingSaid = { method: '', path: '' } as const;

function withoutQuery(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}

/** `*` stands for any text, slashes included; all else for itself. */
function pathPattern(path: string): RegExp {
  const pieces = path.split('*').map((piece) => piece.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${pieces.join('.*')}$`, 's');
}
