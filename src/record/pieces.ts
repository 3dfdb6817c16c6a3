import { headerValue } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import { announcedLength, isChunked } from '../exchange/http.ts';
import type { Chunk } from '../exchange/interaction.ts';
import { round } from './commit.ts';

/** A pause that a server made, rather than the network or this machine. */
const pauseMs = 50;

/** More pieces than that are told as if the last ones had come together. */
export const piecesMax = 65_536;

/** The pieces in which a body comes, as far as they matter. */
export interface Pieces {
  /** Adds a piece: when it came, how long it had been waited for, and how long it is. */
  readonly add: (piece: Chunk & { readonly waitedMs: number }) => void;
  /** Those that matter: none where it came in one go. */
  readonly chunks: () => readonly Chunk[];
}

/**
 * Of a body without a length (chunked, or of HTTP/2) and of what streams by its type, each piece
 * matters. Any other comes as the network cuts it: there only a pause says something, and a
 * recording that is made again does not differ for nothing.
 */
export function createPieces(head: ResponseHead): Pieces {
  const eachMatters = hasOwnPieces(head);
  const chunks: { atMs: number; bytes: number }[] = [];
  return {
    add({ atMs, bytes, waitedMs }) {
      const last = chunks.at(-1);
      const isOwn = eachMatters ? chunks.length < piecesMax : waitedMs >= pauseMs;
      if (last === undefined || isOwn) chunks.push({ atMs: round(atMs), bytes });
      else last.bytes += bytes;
    },
    chunks: () => (chunks.length < 2 ? [] : chunks),
  };
}

/** Whether a body streams by its type: its pieces are messages to its reader. */
export function streamsByType({ headers }: Pick<ResponseHead, 'headers'>): boolean {
  const type = headerValue(headers, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  return type !== undefined && streamingTypes.has(type);
}

const streamingTypes: ReadonlySet<string> = new Set([
  'text/event-stream',
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
  'application/json-seq',
  'application/stream+json',
  'multipart/x-mixed-replace',
]);

function hasOwnPieces(head: ResponseHead): boolean {
  if (isChunked(head.headers) || streamsByType(head)) return true;
  return head.httpVersion.startsWith('2') && announcedLength(head.headers) === undefined;
}
