import { Failure } from '../exchange/failure.ts';
import type { Side } from '../exchange/conversation.ts';
import type { Interaction, StoredBody } from '../exchange/interaction.ts';
import { assemble, assembleKilled, type Said, type StoredSides } from './assemble.ts';
import type { Bodies } from './bodies.ts';
import { corrupt, fieldsOf } from './check.ts';
import type { OpenFile } from './disk.ts';
import { type DraftPieces, DraftIndex, type LogEntry } from './log-drafts.ts';
import { type Begin, checksum, frameHeadBytes, logHeader } from './log-frames.ts';
import { readRecord } from './log-record.ts';
import { saidReader } from './log-said.ts';
import { windowReader, type WindowReader } from './log-window.ts';
import { binarySpelling, unpack } from './msgpack.ts';
import { fromTree } from './tree.ts';

/** What a log holds, but for the interactions themselves. */
export interface LogContent {
  readonly path: string;
  /** Absent where the log broke off before its take had begun. */
  readonly begin: Begin | undefined;
  readonly ended: boolean;
  /** In the order of replay. */
  readonly entries: readonly LogEntry[];
  /** How many of them nobody ended: magneto was killed. */
  readonly killed: number;
  /** How many more had no answer yet, and so are left out. */
  readonly unanswered: number;
  /** Names of the files of bodies that it tells of. */
  readonly files: ReadonlySet<string>;
  /** Bytes up to which the log is sound, and those it has. */
  readonly soundBytes: number;
  readonly bytes: number;
}

/**
 * Reads a log to its end or to the first record that is torn or damaged; what comes before that is kept.
 * @throws Failure CASSETTE_CORRUPT where it is no log, CASSETTE_VERSION_UNKNOWN where its framing is another
 */
export async function scanLog(file: OpenFile, path: string): Promise<LogContent> {
  const bytes = await file.size();
  const read = windowReader(file, bytes);
  const headerBytes = Math.min(bytes, logHeader.length);
  checkHeader(await read(0, headerBytes), path);
  const index = new DraftIndex();
  let [begin, ended, at]: [Begin | undefined, boolean, number] = [undefined, false, headerBytes];
  while (!ended) {
    const payload = await readFrame(read, at, bytes);
    const record = payload === undefined ? undefined : readRecord(payload, path, at);
    if (payload === undefined || record === undefined) break;
    if (record.type === 'begin') begin ??= record.begin;
    if (begin === undefined) break;
    index.add(record, { at: at + frameHeadBytes, length: payload.length });
    ended = record.type === 'end';
    at += frameHeadBytes + payload.length;
  }
  index.closeAll();
  const { killed, unanswered, files } = index;
  const entries = index.entries.toSorted((a, b) => a.run - b.run || a.sequence - b.sequence);
  return { path, begin, ended, entries, killed, unanswered, files, soundBytes: at, bytes };
}

/** What became of the exchanges that were going on when magneto, or the take, ended; nothing where there were none. */
export function cutWords({ killed, unanswered }: LogContent): string {
  const cut = killed === 0 ? [] : [`${killed} of them end where magneto did`];
  const left = unanswered === 0 ? [] : [`${unanswered} more without an answer are left out`];
  const words = [...cut, ...left].join(', ');
  return words === '' ? '' : `; ${words}`;
}

/** A function that reads the interaction of an entry; entries that lie near each other are read at once. */
export function interactionReader(
  file: OpenFile,
  content: LogContent,
  bodies: Bodies,
): (entry: LogEntry) => Promise<Interaction> {
  const read = windowReader(file, content.bytes);
  // Drafts end far from those that began with them.
  const readDraft = windowReader(file, content.bytes);
  const readSaidIn = saidReader(file, content);
  return async (entry) => {
    const { at, length, sequence, draft } = entry;
    const where = `${content.path}: record at byte ${at - frameHeadBytes}`;
    const payload = await (draft === undefined ? read : readDraft)(at, length);
    const record = fieldsOf(unpack(payload, where), where);
    const frame = fromTree(record['interaction'], {
      where,
      sequence,
      spelling: binarySpelling,
      stored: (reference, from) => bodies.open({ ...reference, ...partOf(draft, from) }),
      bodiesFollow: draft !== undefined,
    });
    if (draft === undefined) return frame;
    const said = await readSaidIn(entry);
    if (!draft.killed) return assemble(frame, said);
    return assembleKilled(frame, said, await partsOf(draft, said, bodies));
  };
}

/** A body that was written to the end may not have got its name yet. */
function partOf(draft: DraftPieces | undefined, from: Side): { readonly part?: string } {
  const part = draft?.files[from];
  return part === undefined ? {} : { part };
}

async function partsOf(
  { files }: DraftPieces,
  said: readonly Said[],
  bodies: Bodies,
): Promise<StoredSides> {
  const open = async (side: Side): Promise<StoredBody | undefined> => {
    const part = files[side];
    const told = said.reduce((sum, { from, length }) => sum + (from === side ? length : 0), 0);
    return part === undefined ? undefined : bodies.openPart(part, told);
  };
  return { client: await open('client'), server: await open('server') };
}

function checkHeader(start: Buffer, path: string): void {
  const magic = logHeader.length - 1;
  const compared = Math.min(start.length, magic);
  if (!start.subarray(0, compared).equals(logHeader.subarray(0, compared))) {
    throw corrupt(path, 'is no write-ahead log: its first bytes, at byte 0, are not those of one');
  }
  if (start.length > magic && start[magic] !== logHeader[magic]) {
    const words = `${path}: version ${start[magic]} of the log's framing is not known`;
    throw new Failure('CASSETTE_VERSION_UNKNOWN', words);
  }
}

async function readFrame(
  read: WindowReader,
  at: number,
  bytes: number,
): Promise<Buffer | undefined> {
  if (at + frameHeadBytes > bytes) return undefined;
  const head = await read(at, frameHeadBytes);
  const length = head.readUInt32BE(0);
  if (at + frameHeadBytes + length > bytes) return undefined;
  const payload = await read(at + frameHeadBytes, length);
  return head.readUInt32BE(4) === checksum(head, payload) ? payload : undefined;
}
