import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { reservedGid } from './folder-group.ts';
import { errorCode, errorWords } from './system-error.ts';

/** Numeric ids of a user and its primary group. */
export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Why the system denied access to a path, in words to put behind the path: the system's code, and where the
 * folder is another user's, whose it is and the line of a compose file that would make magneto that
 * user, or the command that would give it the folder. `self` is this process unless given; absent on systems without such ids.
 */
export function deniedWords(path: string, error: unknown, self = ownIds()): string {
  const code = errorCode(error) ?? errorWords(error);
  if (code === 'EROFS') return `${code}, it is mounted read-only`;
  if (self === undefined || (code !== 'EACCES' && code !== 'EPERM')) return code;
  const folder = nearestFolder(path);
  if (folder === undefined) return code;
  const mine = `${self.uid}:${self.gid}`;
  if (folder.uid === self.uid) return `${code}, magneto runs as ${mine}`;
  const owner = `${folder.uid}:${folder.gid}`;
  // The transparent image has to start as root, and takes its user from the cassettes.
  const remedy =
    self.gid === reservedGid
      ? `as the owner of the cassettes; \`chown -R ${self.uid}\` gives it the folder`
      : `(in a compose file add \`user: "${owner}"\` to its service)`;
  return `${code}, ${folder.path} belongs to ${owner} and magneto runs as ${mine} ${remedy}`;
}

interface Folder extends Ids {
  readonly path: string;
}

/** The folder that decides: the path itself, or the nearest one above it that exists. */
function nearestFolder(path: string): Folder | undefined {
  for (let at = path; ; at = dirname(at)) {
    try {
      const found = statSync(at);
      if (found.isDirectory()) return { path: at, uid: found.uid, gid: found.gid };
    } catch {
      // Not there yet, or not to be seen: what is above it decides.
    }
    if (at === dirname(at)) return undefined;
  }
}

function ownIds(): Ids | undefined {
  const { getuid, getgid } = process;
  return getuid === undefined || getgid === undefined
    ? undefined
    : { uid: getuid(), gid: getgid() };
}
