import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import type { Condition } from '../skip.ts';

const exec = promisify(execFile);

/** Runs a body with a directory that is gone afterwards. */
export async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'magneto-tls-'));
  try {
    await body(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Whether a program can be run here. */
export function program(name: string, ...probe: readonly string[]): Condition {
  const { status } = spawnSync(name, probe, { stdio: 'ignore' });
  return { ok: status === 0, reason: `${name} is not installed` };
}

/** What a program printed, both streams; rejects where it failed. */
export function run(name: string, ...args: readonly string[]): Promise<string> {
  return runWithin(15_000, name, args);
}

/** As `run`, for a program that may take longer. */
export async function runWithin(
  timeout: number,
  name: string,
  args: readonly string[],
): Promise<string> {
  const pending = exec(name, [...args], { timeout });
  pending.child.stdin?.end();
  const { stdout, stderr } = await pending;
  return stdout + stderr;
}

/** A server that ends TLS with a context and answers any request with `hello`. */
export async function withTlsServer(
  at: { readonly context: SecureContext; readonly host: string },
  body: (port: number) => Promise<void>,
): Promise<void> {
  const open = new Set<TLSSocket>();
  const server = createServer((socket) => {
    const session = new TLSSocket(socket, { isServer: true, secureContext: at.context });
    open.add(session);
    session.on('error', () => {});
    session.on('data', () => {
      session.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, at.host, resolve);
  });
  try {
    await body((server.address() as AddressInfo).port);
  } finally {
    for (const session of open) session.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
}
