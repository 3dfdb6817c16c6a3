import type { Observation } from './clients.ts';

/** What stands in a cassette where a secret stood. */
const placeholder = '[FILTERED]';

/** How a replayed observation compares with the recorded one. */
export interface Comparison {
  readonly equal: boolean;
  /** Values that are the placeholder in the replay. */
  readonly redacted: number;
  /** Where they part, in words; empty where they are equal. */
  readonly difference: string;
}

/** Compares byte for byte; only a placeholder may stand for something else, up to the end of its value. */
export function compare(recorded: Observation, replayed: Observation): Comparison {
  // One character a byte, whatever the bytes mean.
  const [before, after] = [recorded.bytes.toString('latin1'), replayed.bytes.toString('latin1')];
  const [first = '', ...rest] = after.split(placeholder);
  const parted = (at: number): Comparison => ({
    equal: false,
    redacted: rest.length,
    difference: `at byte ${at}: recorded ${excerpt(before, at)}, replayed ${excerpt(after, at)}`,
  });
  if (!before.startsWith(first)) return parted(commonLength(before, first));
  let at = first.length;
  for (const piece of rest) {
    const value = /^[^;\r\n]+/.exec(before.slice(at, at + valueLengthMax))?.[0] ?? '';
    if (value === '' || !before.startsWith(piece, at + value.length)) return parted(at);
    at += value.length + piece.length;
  }
  if (at !== before.length) return parted(at);
  const same = recorded.ending === replayed.ending;
  const difference = same
    ? ''
    : `it ended with "${recorded.ending}", and replayed with "${replayed.ending}"`;
  return { equal: same, redacted: rest.length, difference };
}

const valueLengthMax = 1024;

function commonLength(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at;
}

function excerpt(text: string, at: number): string {
  return JSON.stringify(text.slice(Math.max(0, at - 12), at + 12));
}
