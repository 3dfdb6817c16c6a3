import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a group of processes may have of memory, and what it has, in bytes. */
export interface MemoryUse {
  readonly limit: number;
  /** Without what the kernel gives back by itself (pages of files that nobody used lately). */
  readonly used: number;
}

/** Where the kernel tells of it; others for tests. */
export interface MemoryFiles {
  readonly groups: string;
  readonly own: string;
}

const files: MemoryFiles = { groups: '/sys/fs/cgroup', own: '/proc/self/cgroup' };

/** Limits beyond this are how the kernel says that there is none (cgroup v1). */
const limitMax = 2 ** 60;

/**
 * The memory of the control group that this process runs in (version 2, else 1); nothing where there
 * is none, or where it has no limit.
 */
export function memoryUse({ groups, own }: MemoryFiles = files): MemoryUse | undefined {
  const paths = ownPaths(own);
  for (const path of [paths.two, '/']) {
    const use = useOf(join(groups, path), two);
    if (use !== undefined) return use;
  }
  for (const path of [paths.one, '/']) {
    const use = useOf(join(groups, 'memory', path), one);
    if (use !== undefined) return use;
  }
  return undefined;
}

interface Names {
  readonly limit: string;
  readonly used: string;
  readonly reclaimable: RegExp;
}

const two: Names = {
  limit: 'memory.max',
  used: 'memory.current',
  reclaimable: /^inactive_file (\d+)$/m,
};
const one: Names = {
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  reclaimable: /^total_inactive_file (\d+)$/m,
};

function useOf(folder: string, names: Names): MemoryUse | undefined {
  const limit = Number(read(join(folder, names.limit)));
  const used = Number(read(join(folder, names.used)));
  if (!(limit > 0 && limit < limitMax) || !(used > 0)) return undefined;
  const given = names.reclaimable.exec(read(join(folder, 'memory.stat')) ?? '')?.[1];
  return { limit, used: Math.max(0, used - Number(given ?? 0)) };
}

/** The group of this process, in each version; a container sees its own as the root. */
function ownPaths(file: string): { readonly one: string; readonly two: string } {
  const text = read(file) ?? '';
  return {
    one: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(text)?.[1] ?? '/',
    two: /^0::(.*)$/m.exec(text)?.[1] ?? '/',
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return undefined;
  }
}
