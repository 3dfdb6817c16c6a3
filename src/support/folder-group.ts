import { lchown, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * The primary group of a magneto that captures: unusual on purpose, so that no application has it, and
 * the kernel's rules can tell the two apart.
 */
export const reservedGid = 48_889;

/**
 * Gives a new file or folder to the group of the folder it is in, where this process has the reserved
 * group, which nobody outside knows. Where that is not allowed, it keeps the group it has.
 */
export async function giveToFolderGroup(path: string): Promise<void> {
  if (process.getgid?.() !== reservedGid) return;
  try {
    const { gid } = await stat(dirname(path));
    // Of a link itself: an application that may write there could have put one in the file's place.
    await lchown(path, -1, gid);
  } catch {
    // The group is not one of ours, or the volume knows no groups: the owner is right all the same.
  }
}
