import { chown, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { originName } from './origin.ts';
import type { Container, Ended, Stage } from './stage.ts';
import { client } from './stage.ts';

/** The folders of a magneto on the host, and the options that mount them. */
export interface Folders {
  readonly tapes: string;
  readonly certs: string;
  readonly mounts: readonly string[];
}

/** Makes the folders, for an owner. */
export async function folders(stage: Stage, owner: number): Promise<Folders> {
  const [tapes, certs] = [join(stage.folder, 'tapes'), join(stage.folder, 'certs')];
  for (const folder of [tapes, certs]) {
    await mkdir(folder);
    await chown(folder, owner, owner);
  }
  return { tapes, certs, mounts: [`--volume=${tapes}:/cassettes`, `--volume=${certs}:/certs`] };
}

/** Where applications ask. */
export const bases = [`http://${originName}`, `https://${originName}`] as const;
/** Where applications talk. */
export const sockets = [`ws://${originName}/a`, `wss://${originName}/b`] as const;

/** Runs the applications, with options that tell them what they need to know. */
export async function applications(
  stage: Stage,
  options: readonly string[],
): Promise<readonly Ended[]> {
  return [
    await client(stage, options, ['python3', '/apps/requests-client.py', ...bases]),
    await client(stage, options, ['node', '/apps/fetch-client.ts', ...bases, ...sockets]),
  ];
}

/** What the control plane says of the run so far. */
export async function receiptOf(magneto: Container): Promise<Record<string, unknown>> {
  const ask = `fetch('http://127.0.0.1:8889/receipt').then((r) => r.text()).then(console.log)`;
  return JSON.parse((await magneto.exec('node', '--eval', ask)).stdout) as Record<string, unknown>;
}

/** Asks for one address after the other until that fails; gives those whose answers were read to the end. */
export async function whileAsking(
  stage: Stage,
  options: readonly string[],
  act: () => Promise<void>,
): Promise<readonly string[]> {
  const script = `(async () => {
    for (let n = 0; n < 20_000; n += 1) {
      const url = 'http://${originName}/' + n;
      const answer = await fetch(url);
      await answer.text();
      if (answer.status !== 200) throw new Error(answer.status);
      console.log(url);
    }
  })().catch(() => process.exit(0));`;
  const asking = client(stage, options, ['node', '--eval', script]);
  await sleep(1500);
  await act();
  return (await asking).stdout.split('\n').filter((line) => line !== '');
}

/** The addresses that a cassette holds answers of. */
export async function recordedUrls(file: string): Promise<ReadonlySet<string>> {
  const { interactions } = JSON.parse(await readFile(file, 'utf8')) as {
    interactions: readonly { request?: { url: string } }[];
  };
  return new Set(interactions.flatMap(({ request }) => request?.url ?? []));
}
