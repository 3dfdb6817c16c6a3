import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { giveToFolderGroup } from '../support/folder-group.ts';
import { errorCode } from '../support/system-error.ts';

/** An open file; each operation rejects with Node's error (`code` names it). */
export interface OpenFile {
  size(): Promise<number>;
  /** The bytes at a place; fewer than asked for only at the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
  /** Writes all pieces, one after the other; when it rejects, some bytes may stand there. */
  write(position: number, pieces: readonly Buffer[]): Promise<void>;
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** `read`: as it stands; `change`: to read and write; `make`: new, refused where it exists; `replace`: emptied. */
export type OpenPurpose = 'read' | 'change' | 'make' | 'replace';

/** The few operations on files that cassettes need; tests put a failing one in its place. */
export interface Disk {
  open(path: string, purpose: OpenPurpose): Promise<OpenFile>;
  /** Size in bytes; nothing where there is no such file. */
  size(path: string): Promise<number | undefined>;
  /** The names in a folder; none where there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is not there is no error. */
  remove(path: string): Promise<void>;
  /** Makes a folder and those above it; hands back the topmost that was new. */
  makeFolder(path: string): Promise<string | undefined>;
  /** Removes an empty folder. */
  removeFolder(path: string): Promise<void>;
  /** Makes names in a folder (made, renamed, removed) survive a loss of power. */
  syncFolder(path: string): Promise<void>;
}

const flags = { read: 'r', change: 'r+', make: 'wx+', replace: 'w' } as const;

/** The real disk. Files get mode 0644, less the umask. */
export const realDisk: Disk = {
  open: async (path, purpose) => {
    const handle = await open(path, flags[purpose], 0o644);
    if (purpose === 'make' || purpose === 'replace') await giveToFolderGroup(path);
    return openFile(handle);
  },
  size: (path) => unlessAbsent(async () => (await stat(path)).size),
  list: async (path) => (await unlessAbsent(() => readdir(path))) ?? [],
  rename,
  remove: (path) => rm(path, { force: true }),
  makeFolder: async (path) => {
    const made = await mkdir(path, { recursive: true });
    if (made !== undefined) await giveToFolderGroup(made);
    return made;
  },
  removeFolder: rmdir,
  syncFolder: async (path) => {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

async function unlessAbsent<Result>(look: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await look();
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The whole of a file. */
export async function readWhole(disk: Disk, path: string): Promise<Buffer> {
  const file = await disk.open(path, 'read');
  try {
    return await file.read(0, await file.size());
  } finally {
    await file.close();
  }
}

/** Removes folders from one upwards to another; stops quietly at one that is not empty. */
export async function removeFolders(disk: Disk, from: string, to: string): Promise<void> {
  try {
    for (let folder = from; folder.startsWith(to); folder = dirname(folder)) {
      await disk.removeFolder(folder);
    }
  } catch {
    // Somebody put something there meanwhile: then it is theirs.
  }
}

function openFile(handle: FileHandle): OpenFile {
  return {
    size: async () => (await handle.stat()).size,
    read: (position, length) => readFully(handle, position, length),
    write: (position, pieces) => writeFully(handle, position, pieces),
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
}

/** One read takes 2 GiB at most, and may bring less than it was asked for. */
const readBytesMax = 2 ** 30;

async function readFully(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const wanted = Math.min(length - filled, readBytesMax);
    const { bytesRead } = await handle.read(buffer, filled, wanted, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** A disk that fills up takes part of a write, and refuses only the next. */
async function writeFully(
  handle: FileHandle,
  position: number,
  pieces: readonly Buffer[],
): Promise<void> {
  let rest = pieces.filter((piece) => piece.length > 0);
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    rest = without(rest, bytesWritten);
  }
}

function without(pieces: readonly Buffer[], length: number): Buffer[] {
  let skipped = length;
  const rest: Buffer[] = [];
  for (const piece of pieces) {
    if (skipped < piece.length) rest.push(skipped === 0 ? piece : piece.subarray(skipped));
    skipped = Math.max(0, skipped - piece.length);
  }
  return rest;
}
