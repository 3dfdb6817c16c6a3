import type { Distribution } from '../exchange/fault.ts';

/** Milliseconds drawn from a distribution, never below 0; `random` gives numbers of at least 0 and below 1. */
export function draw(of: Distribution, random: () => number): number {
  return Math.max(0, drawn(of, random));
}

function drawn(of: Distribution, random: () => number): number {
  switch (of.shape) {
    case 'fixed':
      return of.ms;
    case 'uniform':
      return of.leastMs + random() * (of.mostMs - of.leastMs);
    case 'normal':
      return of.meanMs + standardNormal(random) * of.deviationMs;
    case 'lognormal':
      return of.medianMs * Math.exp(standardNormal(random) * of.sigma);
  }
}

/** Box and Muller's transform of two uniform numbers. */
function standardNormal(random: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}
