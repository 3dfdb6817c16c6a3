import { hash } from 'node:crypto';

/** Numbers of at least 0 and below 1 that are the same for the same seed, whatever else happens. */
export function seeded(seed: string): () => number {
  let state = Buffer.from(hash('sha256', seed, 'hex').slice(0, 8), 'hex').readUInt32BE(0);
  // Mulberry32: 32 bits of state are plenty for a few draws a seed.
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
