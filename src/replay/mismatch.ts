import { Failure } from '../exchange/failure.ts';
import { cutText } from '../support/cut-text.ts';
import type { Mismatch, Said } from './sequence.ts';

/** The failure for a client that said something else than the recording has, both of them whole. */
export function mismatchFailure(mismatch: Mismatch): Failure {
  return new Failure(
    'SEQUENCE_MISMATCH',
    mismatchWords(mismatch, (words) => words),
  );
}

/** The same in as many bytes; both messages are shortened, so that none of them crowds out the other. */
export function mismatchReason(mismatch: Mismatch, bytesMax: number): string {
  return cutText(mismatchWords(mismatch, shorten), bytesMax);
}

function mismatchWords({ place, expected, got }: Mismatch, fit: (words: string) => string): string {
  const wanted = expected === undefined ? 'the close' : describe(expected);
  return `client message ${place}: expected ${fit(wanted)}, got ${fit(describe(got))}`;
}

const saidBytesMax = 40;

function shorten(words: string): string {
  const cut = cutText(words, saidBytesMax);
  return cut === words ? words : `${cutText(words, saidBytesMax - 3)}…`;
}

function describe({ kind, bytes }: Said): string {
  if (kind === 'end') return 'its end';
  if (kind === 'text') return JSON.stringify(bytes.toString());
  return `${kind} of ${bytes.length} bytes`;
}
