import type { Mismatch } from './stream-script.ts';

/** As much as a line of the log can bear of each side. */
const shownBytesMax = 48;

/** Says where a client said something else than the recorded one, and what. */
export function mismatchWords({ offset, expected, got }: Mismatch): string {
  const wanted = expected === undefined ? 'the end' : shown(expected);
  return `client byte ${offset}: expected ${wanted}, got ${shown(got)}`;
}

/** Bytes as text where they are that, else in hex. */
function shown(bytes: Buffer): string {
  const cut = bytes.subarray(0, shownBytesMax);
  const more = bytes.length > cut.length ? '…' : '';
  const text = cut.toString('latin1');
  return /^[\x20-\x7e\r\n\t]*$/.test(text)
    ? `${JSON.stringify(text)}${more}`
    : `hex ${cut.toString('hex')}${more}`;
}
