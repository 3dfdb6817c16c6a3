import type { Ending, Part, Parts } from '../exchange/conversation.ts';
import type { Chunk, Interaction, StoredBody } from '../exchange/interaction.ts';
import type { Answer } from '../exchange/upstream.ts';
import { passedBy } from '../support/swept.ts';

/** Under recorded latency a large body is given time in steps of at least so many milliseconds. */
const stepMs = 10;

/** What an interaction says of the body of its answer, and of how that ends. */
export type RecordedBody = Pick<
  Answer,
  'body' | 'bodyDelayMs' | 'endDelayMs' | 'streamed' | 'truncated'
> & { readonly ending: Ending };

/**
 * The body that an interaction holds: whole in memory where it came in one go and ended in order;
 * else in the pieces in which it came, or as its file is read. What was recorded in part is cut
 * where the recording ends, whatever its ending says.
 */
export function recordedBody(interaction: Interaction): RecordedBody {
  const { response, timing, truncated } = interaction;
  const flagged = truncated === undefined ? {} : { truncated };
  const ending: Ending =
    truncated === undefined ? interaction.ending : { type: 'cut', by: 'server' };
  const bytes = response?.stored ?? response?.body;
  if (response === undefined || bytes === undefined) return { body: undefined, ending, ...flagged };
  const totalMs = Math.max(0, timing.endMs - (timing.headMs ?? 0));
  const chunks = response.chunks ?? [];
  if (chunks.length > 0) {
    const endDelayMs = Math.max(0, timing.endMs - (chunks.at(-1)?.atMs ?? 0));
    const body = pieces(readOf(bytes), chunks, timing.headMs ?? 0);
    return { body, ending, streamed: true, endDelayMs, ...flagged };
  }
  if (!Buffer.isBuffer(bytes))
    return { body: paced(bytes, timing.headMs ?? 0, totalMs), ending, ...flagged };
  if (ending.type === 'finished') return { body: bytes, ending, bodyDelayMs: totalMs, ...flagged };
  return { body: atOnce(bytes, timing.endMs, totalMs), ending, ...flagged };
}

async function* atOnce(bytes: Buffer, atMs: number, delayMs: number): Parts {
  yield { atMs, kind: 'data', bytes, delayMs };
}

/**
 * The bytes cut at the recorded split points. Where a body was edited by hand and is longer than its
 * pieces, the last one has the rest; where it is shorter, the last ones are missing.
 */
async function* pieces(
  bytes: AsyncIterable<Buffer> | Iterable<Buffer>,
  chunks: readonly Chunk[],
  headMs: number,
): Parts {
  let place = 0;
  let left = chunks[0]?.bytes ?? 0;
  let beforeMs = headMs;
  let begun = false;
  for await (const read of bytes) {
    let rest = read;
    while (rest.length > 0) {
      const isLast = place === chunks.length - 1;
      const cut = isLast ? rest.length : Math.min(left, rest.length);
      const atMs = chunks[place]?.atMs ?? beforeMs;
      if (cut > 0) yield partOf(rest.subarray(0, cut), atMs, begun ? undefined : atMs - beforeMs);
      begun = true;
      rest = rest.subarray(cut);
      left -= cut;
      if (left > 0 || isLast) continue;
      place += 1;
      left = chunks[place]?.bytes ?? 0;
      beforeMs = atMs;
      begun = false;
    }
  }
}

function partOf(bytes: Buffer, atMs: number, delayMs: number | undefined): Part {
  const part = { atMs, kind: 'data', bytes } as const;
  return delayMs === undefined ? part : { ...part, delayMs: Math.max(0, delayMs) };
}

/** A body as its file is read; under recorded latency it takes the time that it took, spread over its bytes. */
async function* paced(stored: StoredBody, headMs: number, totalMs: number): Parts {
  let sent = 0;
  let waitedMs = 0;
  for await (const bytes of readFile(stored)) {
    sent += bytes.length;
    const dueMs = (totalMs * sent) / stored.bytes;
    const owedMs = dueMs - waitedMs;
    const waits = owedMs >= stepMs || sent === stored.bytes;
    if (waits) waitedMs = dueMs;
    yield { atMs: headMs + dueMs, kind: 'data', bytes, ...(waits ? { delayMs: owedMs } : {}) };
  }
}

function readOf(bytes: Buffer | StoredBody): AsyncIterable<Buffer> | Iterable<Buffer> {
  return Buffer.isBuffer(bytes) ? [bytes] : readFile(bytes);
}

async function* readFile(stored: StoredBody): AsyncGenerator<Buffer, void> {
  for await (const bytes of stored.read()) {
    yield bytes;
    passedBy(bytes.length);
  }
}
