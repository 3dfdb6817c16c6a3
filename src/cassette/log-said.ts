import type { Said } from './assemble.ts';
import type { OpenFile } from './disk.ts';
import type { LogEntry } from './log-drafts.ts';
import { readSaid } from './log-record.ts';
import { windowReader } from './log-window.ts';

/** Bytes of records that are gathered at once, unless those of a single interaction are more. */
const gatheredBytesMax = 64 * 1024 * 1024;

/** A log whose interactions are read. */
interface LogWithDrafts {
  readonly path: string;
  readonly bytes: number;
  readonly entries: readonly LogEntry[];
}

/**
 * A function that reads what was said in a draft. What many said at once lies among each other in the
 * log: so that is read for many in one go from its beginning, as they are asked for one after the other.
 */
export function saidReader(
  file: OpenFile,
  { path, bytes, entries }: LogWithDrafts,
): (entry: LogEntry) => Promise<readonly Said[]> {
  const drafts = entries.filter(({ draft }) => draft !== undefined);
  const places = new Map(drafts.map((entry, place) => [entry, place]));
  let gathered = new Map<LogEntry, Said[]>();
  return async (entry) => {
    if (!gathered.has(entry)) {
      const batch = batchFrom(drafts, places.get(entry) ?? drafts.length);
      gathered = await gather(file, batch.length > 0 ? batch : [entry], { path, bytes });
    }
    const said = gathered.get(entry) ?? [];
    gathered.delete(entry);
    return said;
  };
}

function batchFrom(drafts: readonly LogEntry[], first: number): readonly LogEntry[] {
  let total = 0;
  let end = first;
  for (; end < drafts.length; end += 1) {
    for (const { length } of drafts[end]?.draft?.said ?? []) total += length;
    if (total > gatheredBytesMax && end > first) break;
  }
  return drafts.slice(first, end);
}

async function gather(
  file: OpenFile,
  batch: readonly LogEntry[],
  { path, bytes }: Pick<LogWithDrafts, 'path' | 'bytes'>,
): Promise<Map<LogEntry, Said[]>> {
  const read = windowReader(file, bytes);
  const gathered = new Map<LogEntry, Said[]>(batch.map((entry) => [entry, []]));
  const pieces = batch.flatMap((entry) =>
    (entry.draft?.said ?? []).map((piece) => ({ entry, piece })),
  );
  for (const { entry, piece } of pieces.toSorted((a, b) => a.piece.at - b.piece.at)) {
    const payload = await read(piece.at, piece.length);
    gathered.get(entry)?.push(...readSaid(payload, `${path}: record at byte ${piece.at}`));
  }
  return gathered;
}
