import type { Interaction } from '../exchange/interaction.ts';
import { beganAt } from '../exchange/interaction.ts';
import { tokensOf } from '../support/token.ts';

/** What servers said in a recording, of what might be an id. */
export interface RecordedValues {
  /** Whether a server said this value before a time, in milliseconds since 1970. */
  readonly saidBefore: (value: string, timeMs: number) => boolean;
  readonly saidAfter: (value: string, timeMs: number) => boolean;
}

/** What is beyond so many bytes is not looked through. */
const bytesMax = 32 * 1024 * 1024;

/** Looks through a recording when it is first asked, and once. Compressed bodies tell it nothing. */
export function createRecordedValues(interactions: readonly Interaction[]): RecordedValues {
  let known: ReadonlyMap<string, Span> | undefined;
  const spanOf = (value: string): Span | undefined => {
    known ??= lookThrough(interactions);
    return known.get(value);
  };
  return {
    saidBefore: (value, timeMs) => (spanOf(value)?.first ?? Number.POSITIVE_INFINITY) < timeMs,
    saidAfter: (value, timeMs) => (spanOf(value)?.last ?? Number.NEGATIVE_INFINITY) > timeMs,
  };
}

/** When a value was said first and last. */
interface Span {
  first: number;
  last: number;
}

function lookThrough(interactions: readonly Interaction[]): ReadonlyMap<string, Span> {
  const spans = new Map<string, Span>();
  let left = bytesMax;
  for (const interaction of interactions) {
    for (const { atMs, bytes } of saidByServer(interaction)) {
      left -= bytes.length;
      if (left < 0) return spans;
      note(spans, bytes.toString(), beganAt(interaction) + atMs);
    }
  }
  return spans;
}

function note(spans: Map<string, Span>, text: string, timeMs: number): void {
  for (const { text: value, shape } of tokensOf(text)) {
    if (shape === 'literal' || shape === 'clock') continue;
    const span = spans.get(value);
    if (span === undefined) spans.set(value, { first: timeMs, last: timeMs });
    else {
      span.first = Math.min(span.first, timeMs);
      span.last = Math.max(span.last, timeMs);
    }
  }
}

function saidByServer({
  response,
  messages,
  timing,
}: Interaction): readonly { readonly atMs: number; readonly bytes: Buffer }[] {
  const atMs = timing.headMs ?? timing.endMs;
  const headers = (response?.headers ?? []).map(([, value]) => value).join('\n');
  return [
    { atMs, bytes: Buffer.from(headers) },
    ...(response?.body === undefined ? [] : [{ atMs, bytes: response.body }]),
    ...(messages ?? []).filter(({ from, kind }) => from === 'server' && kind === 'text'),
  ];
}
