import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Failure } from '../exchange/failure.ts';
import type { Interaction, StoredBody } from '../exchange/interaction.ts';
import { corrupt } from './check.ts';
import type { Disk } from './disk.ts';
import { partSuffix } from './file-name.ts';

/** What a cassette or a log says of a body that lies in a file of its own. */
export interface BodyReference {
  /** SHA-256 in hex, which is the name of its file. */
  readonly sha256: string;
  readonly bytes: number;
  /** What its file is called until it has that name. */
  readonly part?: string;
}

/** The bodies beside a cassette, opened by what it says of them. */
export interface Bodies {
  /** A body that is read when it is asked for. */
  readonly open: (reference: BodyReference) => StoredBody;
  /** What an unfinished file holds by now, up to so many bytes; its digest is computed. */
  readonly openPart: (part: string, bytesMax: number) => Promise<StoredBody | undefined>;
  /**
   * Has a body that was opened here stand under its digest, safe on the disk.
   * @throws Failure CASSETTE_BODY_MISSING; system errors
   */
  readonly keep: (body: StoredBody) => Promise<void>;
  /** Has the names of those that were kept survive a loss of power. */
  readonly sync: () => Promise<void>;
  /** Whether all that were opened are there. @throws Failure CASSETTE_BODY_MISSING */
  readonly check: () => Promise<void>;
}

/** Bytes that are read, and held in memory, at a time. */
const pieceBytes = 256 * 1024;

/** The bodies in a folder; `warn` hears of one whose content is not what its name says. */
export function bodiesIn(
  folder: string,
  { disk, warn }: { readonly disk: Disk; readonly warn: (line: string) => void },
): Bodies {
  const opened = new Map<StoredBody, BodyReference>();
  let hasKept = false;
  const open = (reference: BodyReference): StoredBody => {
    const { sha256, bytes } = reference;
    let verified = false;
    const body: StoredBody = {
      sha256,
      bytes,
      read: async function* read() {
        const path = await locate(disk, folder, reference);
        yield* pieces(disk, path, { bytes, ...(verified ? {} : { sha256, warn }) });
        verified = true;
      },
    };
    opened.set(body, reference);
    return body;
  };
  return {
    open,
    openPart: async (part, bytesMax) => {
      const path = join(folder, part);
      const bytes = Math.min(bytesMax, (await disk.size(path)) ?? 0);
      if (bytes === 0) return undefined;
      const digest = createHash('sha256');
      for await (const piece of pieces(disk, path, { bytes })) digest.update(piece);
      return open({ sha256: digest.digest('hex'), bytes, part });
    },
    keep: async (body) => {
      const reference = opened.get(body);
      if (reference === undefined) return;
      await keep(disk, folder, reference);
      hasKept = true;
    },
    sync: async () => {
      if (hasKept) await disk.syncFolder(folder);
    },
    check: async () => {
      for (const reference of opened.values()) await locate(disk, folder, reference);
    },
  };
}

/** The bodies of an interaction that lie in files of their own. */
export function storedOf({ request, response }: Interaction): readonly StoredBody[] {
  return [request.stored, response?.stored].filter((body) => body !== undefined);
}

/** Where the bytes of a body are: under their digest, or under the name that they were written to. */
async function locate(disk: Disk, folder: string, reference: BodyReference): Promise<string> {
  const { sha256, bytes, part } = reference;
  const path = join(folder, sha256);
  const size = await disk.size(path);
  if (size === bytes) return path;
  const partSize = part === undefined ? undefined : await disk.size(join(folder, part));
  if (part !== undefined && partSize !== undefined && partSize >= bytes) return join(folder, part);
  const words = size === undefined ? 'is not there' : `has ${size} bytes, and not ${bytes}`;
  throw new Failure('CASSETTE_BODY_MISSING', `${path}: ${words}`);
}

/** A copy, and not another name: a compaction that is cut is done again, and finds what it found before. */
async function keep(disk: Disk, folder: string, reference: BodyReference): Promise<void> {
  const path = await locate(disk, folder, reference);
  const target = join(folder, reference.sha256);
  if (path === target) return synced(disk, path);
  const copy = join(folder, randomUUID() + partSuffix);
  try {
    const file = await disk.open(copy, 'make');
    try {
      let at = 0;
      for await (const piece of pieces(disk, path, reference)) {
        await file.write(at, [piece]);
        at += piece.length;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(copy, target);
  } catch (error) {
    await disk.remove(copy).catch(() => undefined);
    throw error;
  }
}

async function synced(disk: Disk, path: string): Promise<void> {
  const file = await disk.open(path, 'read');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

interface Wanted {
  readonly bytes: number;
  /** What the digest must be, where it is to be looked at. */
  readonly sha256?: string;
  readonly warn?: (line: string) => void;
}

/** The last piece is given only where the digest is right: a damaged body is never served as whole. */
async function* pieces(
  disk: Disk,
  path: string,
  { bytes, sha256, warn }: Wanted,
): AsyncGenerator<Buffer> {
  const digest = sha256 === undefined ? undefined : createHash('sha256');
  const file = await disk.open(path, 'read');
  try {
    for (let at = 0; at < bytes; ) {
      const piece = await file.read(at, Math.min(pieceBytes, bytes - at));
      if (piece.length === 0) throw new Failure('CASSETTE_BODY_MISSING', `${path}: was cut short`);
      digest?.update(piece);
      at += piece.length;
      if (at === bytes && digest !== undefined && digest.digest('hex') !== sha256) {
        const failure = corrupt(path, 'its content is not the one that its name is the SHA-256 of');
        warn?.(failure.message);
        throw failure;
      }
      yield piece;
    }
  } finally {
    await file.close();
  }
}
