import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Condition } from '../skip.ts';

/** Whether file systems can be mounted here, in a namespace of one's own. */
export const mountsThere: Condition = {
  ok: spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'x', '/mnt']).status === 0,
  reason: 'mounting needs root and the right to make mount namespaces',
};

/** A mount namespace: commands begun with `through` see its mounts, and so do paths made by `outside`. */
export interface Mounts {
  readonly through: readonly string[];
  /** The path by which this process, which stands outside, reaches a path inside. */
  readonly outside: (path: string) => string;
}

/** Runs a body with a namespace in which a shell script has mounted something; all is gone afterwards. */
export async function withMounts(
  script: string,
  body: (mounts: Mounts) => Promise<void>,
): Promise<void> {
  // `cat` holds the namespace, and goes when this process goes.
  const holder = spawn('unshare', ['-m', 'sh', '-ec', `${script}\necho mounted; exec cat`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'exit').then(() => Promise.reject(new Error(`could not mount: ${script}`))),
    ]);
    await body({
      through: ['nsenter', '-m', '-t', String(holder.pid), '--'],
      outside: (path) => `/proc/${holder.pid}/root${path}`,
    });
  } finally {
    holder.stdin.end();
    if (holder.exitCode === null) await once(holder, 'exit');
  }
}
