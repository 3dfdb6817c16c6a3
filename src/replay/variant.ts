import type { Entry } from '../cassette/cassette.ts';
import type { Headers } from '../exchange/headers.ts';
import { headerValue } from '../exchange/headers.ts';
import type { RequestHead } from '../exchange/http.ts';

/**
 * What beside method, URL and body makes a GET ask for something else: which part of it (`Range`), and
 * whether only what is newer than what the client has (`If-None-Match`, `If-Modified-Since`).
 */
export interface Variant {
  /** Empty where all of it is asked for. */
  readonly range: string;
  readonly conditional: boolean;
}

/** The usual one. */
const plain: Variant = { range: '', conditional: false };

/** What a request asks for. */
export function variantOf({ method, headers }: Pick<RequestHead, 'method' | 'headers'>): Variant {
  if ((method !== 'GET' && method !== 'HEAD') || !headers.some(matters)) return plain;
  const range = method === 'GET' ? headerValue(headers, 'range') : undefined;
  const version = headerValue(headers, 'if-range');
  return {
    range:
      range === undefined ? '' : `${compact(range)}${version === undefined ? '' : ` ${version}`}`,
    conditional: isConditional(headers),
  };
}

/** The entries that were asked for the very same: with this range, and with a condition or without. */
export function sameVariant(entries: readonly Entry[], asked: Variant): readonly Entry[] {
  return entries.filter(({ interaction }) => {
    const { range, conditional } = variantOf(interaction.request);
    return range === asked.range && conditional === asked.conditional;
  });
}

/**
 * The entries that can stand in where nobody asked for the very same. A server may pass a range over
 * (RFC 9110, 14.2), and a condition; but half of something, or word that it has not changed, is no
 * answer to who did not ask for that.
 */
export function otherVariant(entries: readonly Entry[], asked: Variant): readonly Entry[] {
  return entries.filter(({ interaction: { response } }) => {
    const status = response?.status ?? 0;
    if (status === 304) return asked.conditional;
    return status !== 206 && status !== 416;
  });
}

/** What tells the cursors of variants apart. */
export function variantKey({ range, conditional }: Variant): string {
  if (range === '' && !conditional) return '';
  return ` ${conditional ? 'conditional' : ''} ${range}`;
}

const lengths: ReadonlySet<number> = new Set(
  ['range', 'if-none-match', 'if-modified-since'].map((name) => name.length),
);

/** By length first: this is asked of each header of each request. */
function matters([name]: Headers[number]): boolean {
  if (!lengths.has(name.length)) return false;
  const lower = name.toLowerCase();
  return lower === 'range' || lower === 'if-none-match' || lower === 'if-modified-since';
}

function isConditional(headers: Headers): boolean {
  return (
    headerValue(headers, 'if-none-match') !== undefined ||
    headerValue(headers, 'if-modified-since') !== undefined
  );
}

function compact(range: string): string {
  return range.replaceAll(/\s/g, '').toLowerCase();
}
