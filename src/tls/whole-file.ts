import { randomBytes } from 'node:crypto';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { giveToFolderGroup } from '../support/folder-group.ts';
import { errorCode } from '../support/system-error.ts';

/** A path beside another, that nobody else has. */
export function pathBeside(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}`;
}

/** Makes a file that must not exist yet, synced before anyone can find it under a better name. */
export async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await giveToFolderGroup(path);
    await file.writeFile(text, 'latin1');
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Puts a text in the place of a file in one step. It keeps the owner that it had: a key that root
 * wrote would be shut to a magneto that runs as the user of the folder.
 */
export async function replaceWhole(path: string, text: string, mode: number): Promise<void> {
  const beside = pathBeside(path);
  try {
    await writeWhole(beside, text, mode);
    await keepOwner(path, beside);
    await rename(beside, path);
  } finally {
    await unlinkIfThere(beside);
  }
}

/** Removes a file; nothing happens where it has gone. */
export async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
}

async function keepOwner(from: string, to: string): Promise<void> {
  const before = await stat(from).catch(() => undefined);
  if (before === undefined) return;
  const file = await open(to);
  try {
    const { uid } = await file.stat();
    const chowned = file.chown(before.uid, before.gid);
    // The group of a folder need not be one of ours; only the owner has to be right.
    await (uid === before.uid ? chowned.catch(() => {}) : chowned);
  } finally {
    await file.close();
  }
}
