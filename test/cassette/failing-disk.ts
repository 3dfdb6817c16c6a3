import { type Disk, type OpenFile, realDisk } from '../../src/cassette/disk.ts';

/** A disk that fails, and how many operations that change something it has been asked for. */
export interface FailingDisk extends Disk {
  readonly operations: () => number;
}

/**
 * The real disk, whose n-th changing operation fails: half of a write is done, of others nothing.
 * `once`: those after it succeed (a moment without space); `dies`: all after it fail (a crash).
 */
export function failingDisk(n: number, how: 'once' | 'dies'): FailingDisk {
  let operations = 0;
  const fails = (): boolean => {
    operations += 1;
    return how === 'once' ? operations === n : operations >= n;
  };
  const guard = async <Result>(action: () => Promise<Result>): Promise<Result> => {
    if (fails()) throw noSpace();
    return action();
  };
  const open: Disk['open'] = async (path, purpose) => {
    if (purpose !== 'read' && fails()) throw noSpace();
    const file = await realDisk.open(path, purpose);
    return {
      ...file,
      write: async (position, pieces) => {
        if (!fails()) return file.write(position, pieces);
        const all = Buffer.concat(pieces);
        if (operations === n) await file.write(position, [all.subarray(0, all.length / 2)]);
        throw noSpace();
      },
      sync: () => guard(() => file.sync()),
      truncate: (length) => guard(() => file.truncate(length)),
    } satisfies OpenFile;
  };
  return {
    ...realDisk,
    operations: () => operations,
    open,
    rename: (from, to) => guard(() => realDisk.rename(from, to)),
    remove: (path) => guard(() => realDisk.remove(path)),
    makeFolder: (path) => guard(() => realDisk.makeFolder(path)),
    syncFolder: (path) => guard(() => realDisk.syncFolder(path)),
  };
}

function noSpace(): Error {
  return Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
}
