import { readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A process that the rules take for magneto. */
export interface Lookalike {
  readonly pid: number;
  /** The name of its program, as the kernel has it. */
  readonly name: string;
}

/**
 * Processes of this network namespace that run as the user *and* group of the proxy, without being
 * it: the rules exempt them too, so that nothing of theirs is captured. As far as /proc shows, which
 * holds the processes of this container, and those of its pod where they share them.
 */
export async function lookalikes(
  own: {
    readonly uid: number;
    readonly gid: number;
    /** A word of the proxy's own command line, by which it is told from others. */
    readonly program: string;
  },
  proc = '/proc',
): Promise<readonly Lookalike[]> {
  const here = await namespaceOf(join(proc, 'self'));
  const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => lookAt(join(proc, pid), Number(pid), own)));
  const alike = found.filter((one) => one !== undefined);
  const places = await Promise.all(alike.map(({ pid }) => namespaceOf(join(proc, String(pid)))));
  // Of another user's process the namespace cannot be read: better one warning too many.
  return alike.filter((_, at) => places[at] === undefined || places[at] === here);
}

async function lookAt(
  folder: string,
  pid: number,
  { uid, gid, program }: { readonly uid: number; readonly gid: number; readonly program: string },
): Promise<Lookalike | undefined> {
  try {
    const status = await readFile(join(folder, 'status'), 'utf8');
    // Real, effective, saved, file system: the owner match looks at the last, which follows the second.
    const user = /^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
    const group = /^Gid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
    if (Number(user) !== uid || Number(group) !== gid) return undefined;
    const words = (await readFile(join(folder, 'cmdline'), 'utf8')).split('\0');
    if (words.includes(program)) return undefined;
    return { pid, name: /^Name:\s+(.*)$/m.exec(status)?.[1] ?? '?' };
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

async function namespaceOf(folder: string): Promise<string | undefined> {
  return readlink(join(folder, 'ns', 'net')).catch(() => undefined);
}
