import { createGunzip, createGzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import type { CassetteFormat } from './cassette.ts';
import { corrupt } from './check.ts';
import type { Content, RootReading } from './content.ts';
import { readRoot } from './content.ts';
import type { Disk, OpenFile } from './disk.ts';
import type { MessageTypes } from './decoded.ts';
import { jsonBytesMax, jsonPieces, parseJson, tooLarge } from './json.ts';
import { msgpackPieces, unpack } from './msgpack.ts';

/** A gzipped MessagePack cassette that swells beyond this is not read. */
const unzippedBytesMax = 4 * 2 ** 30;

/** Pieces are written together until they are this many bytes. */
const blockBytes = 256 * 1024;

/**
 * The content of a cassette's bytes.
 * @throws Failure CASSETTE_CORRUPT (file and offset named), CASSETTE_VERSION_UNKNOWN
 */
export async function readCassette(bytes: Buffer, source: RootReading): Promise<Content> {
  const { file, format } = source;
  const isJson = format.startsWith('json');
  const limit = isJson ? jsonBytesMax : unzippedBytesMax;
  const plain = format.endsWith('.gz') ? await unzip(bytes, file, limit) : bytes;
  return readRoot(isJson ? parseJson(plain, file) : unpack(plain, file), source);
}

/** What a cassette file is made of. */
export interface Writing {
  readonly name: string;
  readonly recordedAt: string;
  readonly format: CassetteFormat;
  readonly count: number;
  /** Whether it has something that readers of version 2.0 do not know. */
  readonly newer: boolean;
  readonly interactions: AsyncIterable<Interaction>;
  readonly types?: MessageTypes | undefined;
}

/**
 * Writes a cassette into an empty file, piece by piece.
 * @throws Failure RECORDING_FAILED where JSON would become larger than can be read again; system errors
 */
export async function writeCassette(file: OpenFile, writing: Writing): Promise<void> {
  const { format, interactions, count } = writing;
  const pieces: AsyncIterable<string | Buffer> = format.startsWith('json')
    ? readableAgain(jsonPieces(writing, interactions), writing.name)
    : msgpackPieces(writing, interactions, count);
  const source = Readable.from(blocks(pieces));
  const sink = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    let position = 0;
    for await (const chunk of chunks) {
      await file.write(position, [chunk]);
      position += chunk.length;
    }
  };
  if (format.endsWith('.gz')) await pipeline(source, createGzip(), sink);
  else await pipeline(source, sink);
}

async function* readableAgain(pieces: AsyncIterable<string>, name: string): AsyncGenerator<string> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += Buffer.byteLength(piece);
    if (bytes > jsonBytesMax) {
      const { message } = tooLarge(`cassette ${JSON.stringify(name)}`);
      throw new Failure('RECORDING_FAILED', message);
    }
    yield piece;
  }
}

async function* blocks(pieces: AsyncIterable<string | Buffer>): AsyncGenerator<Buffer> {
  let block: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    const next = typeof piece === 'string' ? Buffer.from(piece) : piece;
    block.push(next);
    bytes += next.length;
    if (bytes < blockBytes) continue;
    yield Buffer.concat(block);
    [block, bytes] = [[], 0];
  }
  if (bytes > 0) yield Buffer.concat(block);
}

async function unzip(bytes: Buffer, file: string, bytesMax: number): Promise<Buffer> {
  const gunzip = createGunzip();
  const chunks: Buffer[] = [];
  let total = 0;
  const collect = async (parts: AsyncIterable<Buffer>): Promise<void> => {
    for await (const part of parts) {
      total += part.length;
      if (total > bytesMax) throw tooLarge(file);
      chunks.push(part);
    }
  };
  try {
    await pipeline(Readable.from([bytes]), gunzip, collect);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw corrupt(file, `is no whole gzip file at byte ${gunzip.bytesWritten}`, error);
  }
  return Buffer.concat(chunks);
}

/** Reads a whole cassette file, unless it is JSON of a size that cannot be read. @throws Failure CASSETTE_CORRUPT; system errors */
export async function readBytes(disk: Disk, file: string, format: CassetteFormat): Promise<Buffer> {
  const open = await disk.open(file, 'read');
  try {
    const size = await open.size();
    if (format === 'json' && size > jsonBytesMax) throw tooLarge(file);
    return await open.read(0, size);
  } finally {
    await open.close();
  }
}
