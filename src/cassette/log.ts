import { crc32 } from 'node:zlib';
import { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import type { Fields } from './check.ts';
import { corrupt, fieldsOf, numberField, textField } from './check.ts';
import type { OpenFile } from './disk.ts';
import { binarySpelling, pack, unpack } from './msgpack.ts';
import { fromTree, toTree } from './tree.ts';

/** The first bytes of a write-ahead log: a magic word and the version of the framing. */
export const logHeader: Buffer = Buffer.from('magneto\u0001', 'latin1');

/** The record that opens a take, or goes on with one. */
export interface Begin {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Whether the take adds to the cassette, or replaces it. */
  readonly adds: boolean;
  /** SHA-256 in hex of the cassette that the take adds to; `''` where there was none. */
  readonly base: string;
}

/** Where an interaction stands in a log, and its place in the order of replay. */
export interface LogEntry {
  readonly at: number;
  /** Bytes of the payload. */
  readonly length: number;
  /** Which `begin` it came after; each run counts its sequences anew. */
  readonly run: number;
  readonly sequence: number;
  readonly id: string;
}

/** What a log holds, but for the interactions themselves. */
export interface LogContent {
  readonly path: string;
  /** Absent where the log broke off before its take had begun. */
  readonly begin: Begin | undefined;
  readonly ended: boolean;
  /** In the order of replay. */
  readonly entries: readonly LogEntry[];
  /** Bytes up to which the log is sound, and those it has. */
  readonly soundBytes: number;
  readonly bytes: number;
}

const frameHeadBytes = 8;

/** The frame of a record that begins or goes on with a take. */
export function beginFrame(begin: Begin): readonly Buffer[] {
  return frame({ record: 'begin', version: '2.0', ...begin });
}

/** The frame of an interaction. */
export function interactionFrame(interaction: Interaction): readonly Buffer[] {
  const { sequence } = interaction;
  return frame({
    record: 'interaction',
    sequence,
    interaction: toTree(interaction, binarySpelling),
  });
}

/** The frame that says that a take was ended in order. */
export function endFrame(interactions: number): readonly Buffer[] {
  return frame({ record: 'end', interactions });
}

/** Length and checksum of a payload, and the payload; the checksum covers the length, so that zeros are no frame. */
function frame(record: Fields): readonly Buffer[] {
  const payload = pack(record);
  const head = Buffer.allocUnsafe(frameHeadBytes);
  head.writeUInt32BE(payload.length, 0);
  head.writeUInt32BE(checksum(head, payload), 4);
  return [head, payload];
}

function checksum(head: Buffer, payload: Buffer): number {
  return crc32(payload, crc32(head.subarray(0, 4)));
}

/**
 * Reads a log to its end or to the first record that is torn or damaged; what comes before that is kept.
 * @throws Failure CASSETTE_CORRUPT where it is no log, CASSETTE_VERSION_UNKNOWN where its framing is another
 */
export async function scanLog(file: OpenFile, path: string): Promise<LogContent> {
  const bytes = await file.size();
  const read = windowedReader(file, bytes);
  checkHeader(await read(0, Math.min(bytes, logHeader.length)), path);
  const entries: LogEntry[] = [];
  let [begin, run, ended, at]: [Begin | undefined, number, boolean, number] = [
    undefined,
    -1,
    false,
    Math.min(bytes, logHeader.length),
  ];
  while (!ended) {
    const payload = await readFrame(read, at, bytes);
    const record = payload === undefined ? undefined : readRecord(payload, path, at);
    if (payload === undefined || record === undefined) break;
    if (record.type === 'begin') {
      run += 1;
      begin ??= record.begin;
    }
    if (begin === undefined) break;
    if (record.type === 'interaction') {
      const { sequence, id } = record;
      entries.push({ at: at + frameHeadBytes, length: payload.length, run, sequence, id });
    }
    ended = record.type === 'end';
    at += frameHeadBytes + payload.length;
  }
  const sorted = entries.toSorted((a, b) => a.run - b.run || a.sequence - b.sequence);
  return { path, begin, ended, entries: sorted, soundBytes: at, bytes };
}

/** A function that reads the interaction of an entry; entries that lie near each other are read at once. */
export function interactionReader(
  file: OpenFile,
  content: LogContent,
): (entry: LogEntry) => Promise<Interaction> {
  const read = windowedReader(file, content.bytes);
  return async ({ at, length, sequence }) => {
    const where = `${content.path}: record at byte ${at - frameHeadBytes}`;
    const record = fieldsOf(unpack(await read(at, length), where), where);
    return fromTree(record['interaction'], { where, sequence, spelling: binarySpelling });
  };
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

type Reader = (position: number, length: number) => Promise<Buffer>;

async function readFrame(read: Reader, at: number, bytes: number): Promise<Buffer | undefined> {
  if (at + frameHeadBytes > bytes) return undefined;
  const head = await read(at, frameHeadBytes);
  const length = head.readUInt32BE(0);
  if (at + frameHeadBytes + length > bytes) return undefined;
  const payload = await read(at + frameHeadBytes, length);
  return head.readUInt32BE(4) === checksum(head, payload) ? payload : undefined;
}

type Read =
  | { readonly type: 'begin'; readonly begin: Begin }
  | { readonly type: 'interaction'; readonly sequence: number; readonly id: string }
  | { readonly type: 'end' };

/** A record with a right checksum was written as it is: a wrong one is another version's, not a torn one. */
function readRecord(payload: Buffer, path: string, at: number): Read {
  const where = `${path}: record at byte ${at}`;
  const fields = fieldsOf(unpack(payload, where), where);
  switch (fields['record']) {
    case 'begin':
      return { type: 'begin', begin: readBegin(fields, where) };
    case 'interaction': {
      const tree = fieldsOf(fields['interaction'], where);
      const sequence = numberField(fields, 'sequence', where);
      return { type: 'interaction', sequence, id: textField(tree, 'id', where) };
    }
    case 'end':
      return { type: 'end' };
    default:
      throw corrupt(where, 'is of no known kind');
  }
}

function readBegin(fields: Fields, where: string): Begin {
  const version = textField(fields, 'version', where);
  if (version !== '2.0') {
    const words = `${where}: version ${JSON.stringify(version)} is not known`;
    throw new Failure('CASSETTE_VERSION_UNKNOWN', words);
  }
  return {
    name: textField(fields, 'name', where),
    startedAt: textField(fields, 'startedAt', where),
    adds: fields['adds'] === true,
    base: textField(fields, 'base', where),
  };
}

const windowBytes = 1024 * 1024;
/** Exchanges end in another order than they began: a little of what lies before is kept at hand. */
const slackBytes = 128 * 1024;

/** Reads through a window, so that a log of a million records is not a million reads, nor in memory as a whole. */
function windowedReader(file: OpenFile, bytes: number): Reader {
  let start = 0;
  let window: Buffer = Buffer.alloc(0);
  return async (position, length) => {
    if (position < start || position + length > start + window.length) {
      start = Math.max(0, position - slackBytes);
      const end = Math.min(bytes, Math.max(position + length, start + windowBytes));
      window = await file.read(start, end - start);
    }
    return window.subarray(position - start, position - start + length);
  };
}
