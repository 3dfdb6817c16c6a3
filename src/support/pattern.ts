import { RE2JS } from 're2js';

/** A regular expression whose cost grows with the length of the text and no faster. */
export interface Pattern {
  /** What it was written as. */
  readonly text: string;
  /** Whether it matches anywhere in a text. */
  readonly isIn: (text: string) => boolean;
  /** A text without whatever it matches. */
  readonly cutFrom: (text: string) => string;
}

const patternCharactersMax = 1_000;

/**
 * Compiles a regular expression in the syntax of RE2: no look-around and no back references. What it
 * is matched against comes from a client, and the engine of JavaScript can be kept busy for ever by a
 * text that fits an expression badly (ReDoS: `(a+)+$` and many an `a`).
 * @throws RangeError where it is none, or longer than 1,000 characters
 */
export function createPattern(text: string, { ignoreCase = false } = {}): Pattern {
  if (text.length > patternCharactersMax) {
    throw new RangeError(`longer than ${patternCharactersMax} characters`);
  }
  const compiled = compile(text, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  return {
    text,
    isIn: (subject) => compiled.matcher(subject).find(),
    cutFrom: (subject) => compiled.matcher(subject).replaceAll(''),
  };
}

function compile(text: string, flags: number): RE2JS {
  try {
    return RE2JS.compile(text, flags);
  } catch (cause) {
    throw new RangeError(`no regular expression of RE2: ${String(cause)}`, { cause });
  }
}
