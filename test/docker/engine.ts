import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import type { Condition } from '../skip.ts';

/** The images of the tests. */
export const images = {
  explicit: 'magneto:test',
  transparent: 'magneto:test-transparent',
  clients: 'magneto-test-clients',
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

let preparing: Promise<void> | undefined;

/** An engine that answers and images built from today's sources; what is unchanged is not built again. */
export function prepare(): Promise<void> {
  return (preparing ??= prepareOnce());
}

async function prepareOnce(): Promise<void> {
  await execa('sh', ['test/docker/engine.sh', 'start']);
  await execa('sh', ['test/docker/base-images.sh']);
  await build('Dockerfile', '.', images.explicit);
  await build('Dockerfile.transparent', '.', images.transparent);
  await build('test/docker/Dockerfile.clients', 'test/docker', images.clients);
}

async function build(file: string, context: string, tag: string): Promise<void> {
  const network = ['--network', 'host'];
  // The classic builder: the newer one wants to ask a registry about an image that only stands here.
  const env = { DOCKER_BUILDKIT: '0' };
  await execa('docker', ['build', ...network, '--tag', tag, '--file', file, context], { env });
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
