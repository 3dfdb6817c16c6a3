import type { Parts } from '../exchange/conversation.ts';
import type { Headers } from '../exchange/headers.ts';
import { headerTokens, headerValue } from '../exchange/headers.ts';
import type { Interaction, RecordedResponse } from '../exchange/interaction.ts';
import type { Answer } from '../exchange/upstream.ts';

/** A range of bytes that a client asks for: from, to (both included), or the last so many. */
type Asked = { readonly first: number; readonly last: number } | { readonly suffix: number };

/** Bytes of a representation that a recorded answer holds. */
interface Held {
  readonly response: RecordedResponse;
  readonly first: number;
  readonly last: number;
  readonly total: number;
}

/** `Last-Modified` is a strong validator only where the answer is so much younger (RFC 9110, 8.8.2.2). */
const settledMs = 60_000;

/**
 * The answer to a range that nobody recorded, cut out of a longer recorded answer: nothing where that
 * answer does not hold it, or where its server never said that it would have cut it.
 */
export function cutRange(interaction: Interaction, headers: Headers): Answer | undefined {
  const held = heldBy(interaction);
  const asked = readRange(headerValue(headers, 'range'));
  if (held === undefined || asked === undefined) return undefined;
  if (!sameVersion(held.response, headerValue(headers, 'if-range'))) return undefined;
  const wanted = resolve(asked, held.total);
  const given = { ending: interaction.ending, outcome: 'replayed', range: 'cut' } as const;
  const { interaction: id, delayMs } = {
    interaction: interaction.id,
    delayMs: interaction.timing.headMs ?? 0,
  };
  if (wanted === undefined) {
    const head = headOf(held, { status: 416, statusText: 'Range Not Satisfiable' }, [
      ['Content-Range', `bytes */${held.total}`],
      ['Content-Length', '0'],
    ]);
    return { ...given, head, body: Buffer.alloc(0), interaction: id, delayMs };
  }
  if (wanted.first < held.first || wanted.last > held.last) return undefined;
  const head = headOf(held, { status: 206, statusText: 'Partial Content' }, [
    ['Content-Range', `bytes ${wanted.first}-${wanted.last}/${held.total}`],
    ['Content-Length', String(wanted.last - wanted.first + 1)],
  ]);
  const body = slice(held.response, wanted.first - held.first, wanted.last - held.first + 1);
  return { ...given, head, body, interaction: id, delayMs };
}

/** What a recorded answer holds, where it is whole, strongly validated, and of a server that cuts ranges (RFC 9110, 14). */
function heldBy({ request, response, ending, truncated }: Interaction): Held | undefined {
  if (response === undefined || ending.type !== 'finished' || truncated !== undefined)
    return undefined;
  if (request.method !== 'GET' || !isStrong(response.headers)) return undefined;
  const length = response.stored?.bytes ?? response.body?.length ?? 0;
  if (response.status === 200) {
    const cuts = headerTokens(response.headers, 'accept-ranges').includes('bytes');
    return cuts ? { response, first: 0, last: length - 1, total: length } : undefined;
  }
  if (response.status !== 206) return undefined;
  const [, first, last, total] =
    /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(headerValue(response.headers, 'content-range') ?? '') ?? [];
  const held = { response, first: Number(first), last: Number(last), total: Number(total) };
  return held.last - held.first + 1 === length ? held : undefined;
}

/** Whether two answers with this validator are the same to the byte. */
function isStrong(headers: Headers): boolean {
  const tag = headerValue(headers, 'etag')?.trim();
  if (tag !== undefined) return !tag.startsWith('W/');
  const modified = Date.parse(headerValue(headers, 'last-modified') ?? '');
  return Date.parse(headerValue(headers, 'date') ?? '') - modified >= settledMs;
}

/** RFC 9110, 13.1.5. */
function sameVersion({ headers }: RecordedResponse, ifRange: string | undefined): boolean {
  if (ifRange === undefined) return true;
  return [headerValue(headers, 'etag'), headerValue(headers, 'last-modified')].includes(ifRange);
}

/** A single range of bytes; nothing where it is of another unit, several, or nonsense. */
function readRange(value: string | undefined): Asked | undefined {
  const [, first, last] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(value ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return { suffix: Number(last) };
  const to = last === '' ? Infinity : Number(last);
  return to < Number(first) ? undefined : { first: Number(first), last: to };
}

/** The bytes that are meant, where there are such. */
function resolve(asked: Asked, total: number): { first: number; last: number } | undefined {
  if ('suffix' in asked) {
    if (asked.suffix === 0 || total === 0) return undefined;
    return { first: Math.max(0, total - asked.suffix), last: total - 1 };
  }
  if (asked.first >= total) return undefined;
  return { first: asked.first, last: Math.min(asked.last, total - 1) };
}

/** The recorded head with another status, its length and range at the place of the recorded ones. */
function headOf(
  { response }: Held,
  { status, statusText }: { readonly status: number; readonly statusText: string },
  own: Headers,
): NonNullable<Answer['head']> {
  const replaced = new Set(['content-length', 'content-range', 'transfer-encoding', 'trailer']);
  const kept = response.headers.filter(([name]) => !replaced.has(name.toLowerCase()));
  return { status, statusText, httpVersion: response.httpVersion, headers: [...kept, ...own] };
}

function slice({ body, stored }: RecordedResponse, from: number, to: number): Buffer | Parts {
  if (stored === undefined) return body?.subarray(from, to) ?? Buffer.alloc(0);
  return sliceOf(stored.read(), from, to);
}

async function* sliceOf(pieces: AsyncIterable<Buffer>, from: number, to: number): Parts {
  let at = 0;
  for await (const piece of pieces) {
    const bytes = piece.subarray(Math.max(0, from - at), Math.max(0, to - at));
    at += piece.length;
    if (bytes.length > 0) yield { atMs: 0, kind: 'data', bytes };
    if (at >= to) return;
  }
}
