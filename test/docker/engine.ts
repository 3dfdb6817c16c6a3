import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import type { Condition } from '../skip.ts';

/** Two checkouts on one machine would overwrite each other's images, so that the name can be chosen. */
const tag = process.env['MAGNETO_TEST_TAG'] ?? 'test';

/** The images of the tests. */
export const images = {
  explicit: `magneto:${tag}`,
  transparent: `magneto:${tag}-transparent`,
  clients: `magneto-${tag}-clients`,
  veza: `magneto-${tag}-veza`,
} as const;

/** Whether this machine has a Docker engine, or could start one. */
export const engine: Condition = {
  ok: onPath('docker') && (reachable() || (process.getuid?.() === 0 && onPath('dockerd'))),
  reason:
    'there is no Docker engine, and none can be started (apt packages docker.io, debootstrap)',
};

/** Runs docker; rejects where it fails, with what it said. */
export async function docker(...words: readonly string[]): Promise<string> {
  return (await execa('docker', words)).stdout;
}

/** How long that may take where nothing is there yet; three minutes were seen. */
export const preparingMs = 480_000;

let preparing: Promise<void> | undefined;

/** An engine that answers and images built from today's sources; what is unchanged is not built again. */
export function prepare(): Promise<void> {
  return (preparing ??= prepareOnce());
}

async function prepareOnce(): Promise<void> {
  const { explicit, transparent, clients } = images;
  await execa('sh', ['test/docker/prepare.sh', explicit, transparent, clients]);
}

function reachable(): boolean {
  return process.env['DOCKER_HOST'] !== undefined || existsSync('/var/run/docker.sock');
}

function onPath(command: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => has(join(folder, command)));
}

function has(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
