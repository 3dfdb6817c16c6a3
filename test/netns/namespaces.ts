import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { has } from '../end-to-end/real-servers.ts';
import type { Condition } from '../skip.ts';

/** Whether network namespaces can be made here. */
export const namespacesThere: Condition = {
  ok: spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status === 0,
  reason: 'network namespaces need root, util-linux and iproute2',
};

/** Whether a namespace can hold rules, and these programs are there. */
export function capturesWith(...programs: readonly string[]): Condition {
  const made = ['-n', 'iptables-nft', '-t', 'nat', '-N', 'X'];
  const takesRules = namespacesThere.ok && spawnSync('unshare', made).status === 0;
  return {
    ok: takesRules && programs.every(has),
    reason: `${namespacesThere.reason}; and iptables, ${programs.join(', ')}, a kernel with NAT`,
  };
}

/** A network of its own, with nothing in it but a loopback device that is up. */
export interface Namespace {
  /** The process that holds it. */
  readonly pid: number;
  /** What a command that is to run inside begins with. */
  readonly through: readonly string[];
  /** Runs a command inside to its end, and gives what it printed; standard error too where it fails. */
  readonly run: (command: string, ...args: readonly string[]) => Promise<string>;
}

/** So many namespaces. */
interface Some {
  readonly 1: readonly [Namespace];
  readonly 2: readonly [Namespace, Namespace];
  readonly 3: readonly [Namespace, Namespace, Namespace];
  readonly 4: readonly [Namespace, Namespace, Namespace, Namespace];
}

/** Runs a body with some namespaces; they are gone afterwards. */
export async function withNamespaces<Count extends keyof Some>(
  count: Count,
  body: (...namespaces: Some[Count]) => Promise<void>,
): Promise<void> {
  // `cat` holds a namespace, and goes when this process goes.
  const holders = Array.from({ length: count }, () =>
    spawn('unshare', ['-n', 'sh', '-ec', 'ip link set lo up; echo up; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  try {
    await Promise.all(holders.map((holder) => once(holder.stdout, 'data')));
    const all: readonly Namespace[] = holders.map(({ pid = 0 }) => namespace(pid));
    await body(...(all as Some[Count]));
  } finally {
    for (const holder of holders) holder.stdin.end();
  }
}

function namespace(pid: number): Namespace {
  const through = ['nsenter', '-n', '-t', String(pid), '--'];
  return {
    pid,
    through,
    async run(command, ...args) {
      const [first = '', ...rest] = [...through, command, ...args];
      const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      const [status] = (await once(child, 'close')) as [number | null];
      return status === 0 ? stdout : `${command} ended with ${status}: ${stdout}${stderr}`;
    },
  };
}

/** Waits until a magneto inside serves. */
export async function untilReady(inside: Namespace): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const health = await inside.run('curl', '-s', 'http://127.0.0.1:8889/health');
    if (health.includes('"ready"')) return;
    await sleep(50);
  }
  throw new Error('magneto did not become ready in its namespace');
}
