import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/**
 * How many files and sockets this process may have open at a time (`RLIMIT_NOFILE`; Node has raised
 * the soft limit to the hard one by now); nothing where the system does not say.
 */
export function openFilesMax(limitsFile = '/proc/self/limits'): number | undefined {
  try {
    const line = /^Max open files +(\d+)/m.exec(readFileSync(limitsFile, 'latin1'));
    return line === null ? undefined : Number(line[1]);
  } catch {
    return undefined;
  }
}

/** The descriptor of a socket: it is there on every platform but Windows, and in none of Node's types. */
export function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as unknown as {
    readonly _handle?: { readonly fd?: number } | null;
  };
  const fd = handle?.fd;
  return fd === undefined || fd < 0 ? undefined : fd;
}

/** Files kept for all else than the connections of clients: the log, names, connections that are being made. */
export function filesKept(filesMax: number): number {
  return Math.min(512, Math.max(32, Math.ceil(filesMax / 20)));
}
