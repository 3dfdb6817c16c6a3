import type { MessageMatch, RecordedMessage } from '../exchange/interaction.ts';
import type { JsonPath } from '../support/json-path.ts';
import { hasAt, parseJsonPath, trailOf } from '../support/json-path.ts';
import type { LeafPair } from '../support/json-value.ts';
import { equalJson, JsonNumber, parseJsonText } from '../support/json-value.ts';
import type { Pattern } from '../support/pattern.ts';
import { createPattern } from '../support/pattern.ts';
import type { Said } from './sequence.ts';
import type { Trial } from './stand-ins.ts';

/** What of a message is meant: what a regular expression finds, or what is at a path of JSON. */
export type MessagePattern =
  | { readonly pattern: Pattern }
  /** `value`: only where this stands there. */
  | { readonly path: JsonPath; readonly value?: string };

/** What is let pass in what clients say. */
export interface Leniency {
  /** What need not be equal. */
  readonly ignore: readonly MessagePattern[];
  /** Messages that may come or not, at any place. */
  readonly optional: readonly MessagePattern[];
}

/** Whether a message of the client may come or not, at any place: its text is asked for once. */
export function isOptional(
  { kind, bytes }: Said & { readonly optional?: boolean },
  { optional }: Pick<Leniency, 'optional'>,
): boolean {
  if (optional.length === 0 || kind !== 'text') return false;
  const text = bytes.toString();
  const json = parseJsonText(text);
  return optional.some((one) => {
    if ('pattern' in one) return one.pattern.isIn(text);
    const fits = (found: unknown): boolean =>
      one.value === undefined || textOf(found) === one.value;
    return json !== undefined && hasAt(json.value, one.path, fits);
  });
}

function textOf(value: unknown): string | undefined {
  if (value instanceof JsonNumber) return value.text;
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || value === null ? JSON.stringify(value) : undefined;
}

/** Whether what a client said is what was recorded, but for what is let pass and what stands in. */
export function matchesMessage(
  expected: RecordedMessage,
  got: Said,
  { ignore, trial }: Pick<Leniency, 'ignore'> & { readonly trial: () => Trial },
): boolean {
  const { match } = expected;
  if (match === 'any') return true;
  if (match !== undefined && 'regex' in match) {
    return isReadable(got) && patternOf(match.regex).isIn(got.bytes.toString());
  }
  if (match === undefined && expected.kind !== got.kind) return false;
  if (match?.json === undefined && expected.bytes.equals(got.bytes)) return true;
  // Bytes that are no text have nothing in them that could stand for something else.
  if (!isReadable(got) || (match === undefined && got.kind !== 'text')) return false;
  const found = trial();
  const fits = textsMatch({ expected, got: got.bytes.toString(), match, ignore, found });
  if (fits) found.keep();
  return fits;
}

function isReadable({ kind }: Said): boolean {
  return kind === 'text' || kind === 'binary';
}

interface Texts {
  readonly expected: RecordedMessage;
  readonly got: string;
  readonly match: Exclude<MessageMatch, 'any' | { readonly regex: string }> | undefined;
  readonly ignore: readonly MessagePattern[];
  readonly found: Trial;
}

function textsMatch({ expected, got, match, ignore, found }: Texts): boolean {
  const wanted = match?.json === undefined ? expected.bytes.toString() : JSON.stringify(match.json);
  const [recorded, live] = [wanted, got].map((text) => withoutIgnored(text, ignore));
  const paths = ignore.flatMap((one) => ('path' in one ? [one.path] : []));
  const ignored = [...paths, ...(match?.ignore ?? []).map(parseJsonPath)];
  const [one, other] = [recorded, live].map((text) => parseJsonText(text ?? ''));
  if (one === undefined || other === undefined) {
    return match === undefined && found.fits(recorded ?? '', live ?? '');
  }
  return equalJson(one.value, other.value, {
    ignored: trailOf(ignored),
    onIgnored: (pair) => noteMember(pair, found),
    mayDiffer: (pair) => found.fits(pair.one, pair.other),
  });
}

function noteMember({ name, one, other }: LeafPair, found: Trial): void {
  if (name !== undefined && one !== other) found.note(name, one, other);
}

function withoutIgnored(text: string, ignore: readonly MessagePattern[]): string {
  return ignore.reduce((left, one) => ('pattern' in one ? one.pattern.cutFrom(left) : left), text);
}

const patterns = new Map<string, Pattern>();
const patternsMax = 1_000;

/** Compiled once: a cassette has the same expression on each message of a kind. */
function patternOf(text: string): Pattern {
  const known = patterns.get(text);
  if (known !== undefined) return known;
  const pattern = createPattern(text);
  if (patterns.size >= patternsMax) patterns.clear();
  patterns.set(text, pattern);
  return pattern;
}
