import { chown, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { describeWhere } from '../skip.ts';
import { engine, images, prepare, preparingMs } from './engine.ts';
import { patiently } from './examples.ts';
import type { Ended } from './stage.ts';

const composeMs = 240_000;
const services = ['auth', 'chat', 'stream', 'web'] as const;
type Service = (typeof services)[number];
const whole = 'docker-compose.yml';
const alone = 'alone.yml';

/** The example in a folder of its own. */
interface Project {
  readonly folder: string;
  readonly compose: (
    file: typeof whole | typeof alone,
    service: Service,
    ...words: string[]
  ) => Promise<Ended>;
}

async function copyProject(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'magneto-veza-'));
  await cp(resolve('examples/veza'), folder, {
    recursive: true,
    filter: (path) => !path.endsWith('node_modules'),
  });
  await chown(join(folder, 'cassettes'), 1000, 1000);
  // Packages are fetched as this machine fetches them.
  const build = { context: '.', network: 'host' };
  await writeFile(join(folder, 'test.json'), JSON.stringify({ services: { web: { build } } }));
  const name = folder.split('-').at(-1)?.toLowerCase();
  const compose: Project['compose'] = async (file, service, ...words) => {
    const env = {
      SERVICE: service,
      PORT: '0',
      MAGNETO_TRANSPARENT_IMAGE: images.transparent,
      VEZA_IMAGE: images.veza,
      DOCKER_BUILDKIT: '0',
      COMPOSE_DOCKER_CLI_BUILD: '0',
      COMPOSE_PROJECT_NAME: file === alone ? `veza${name}${service}` : `veza${name}`,
    };
    const files = (file === alone ? [alone] : [file, 'test.json']).flatMap((each) => [
      '--file',
      join(folder, each),
    ]);
    const place = ['--project-directory', folder];
    const options = { env, reject: false, timeout: composeMs } as const;
    const ended = await execa('docker-compose', [...files, ...place, ...words], options);
    return { status: ended.exitCode ?? -1, stdout: ended.stdout, stderr: ended.stderr };
  };
  return { folder, compose };
}

type Seen = Readonly<Record<string, unknown>>;

interface Interaction {
  readonly kind: string;
  readonly request?: { readonly url: string };
  readonly response?: { readonly status: number };
}

const curl = ['curl', '--show-error', '--fail-with-body', '--silent', '--max-time', '60'] as const;

describeWhere(engine, 'examples/veza', () => {
  let project: Project;
  let live: Seen = {};

  const cassetteOf = async (service: Service): Promise<readonly Interaction[]> => {
    const text = await readFile(join(project.folder, 'cassettes', `${service}.json`), 'utf8');
    return (JSON.parse(text) as { interactions: Interaction[] }).interactions;
  };

  beforeAll(async () => {
    await prepare();
    await execa('sh', ['test/docker/base-images.sh', 'node:26-trixie-slim', 'nats:2']);
    project = await copyProject();
    const compose = (...words: string[]) => project.compose(whole, 'web', ...words);
    expect(await compose('build', 'web')).toMatchObject({ status: 0 });
    try {
      expect(await compose('up', '--detach', '--no-color')).toMatchObject({ status: 0 });
      const asked = await patiently(7, () =>
        compose('exec', '-T', 'web-magneto', ...curl, 'http://localhost:8090/run'),
      );
      expect(asked).toMatchObject({ status: 0 });
      live = JSON.parse(asked.stdout) as Seen;
    } finally {
      await compose('down', '--volumes', '--timeout', '9');
    }
  }, preparingMs + composeMs);

  afterAll(async () => {
    if (project !== undefined) await rm(project.folder, { recursive: true, force: true });
  });

  test('is recorded whole: HTTP, WebSocket, gRPC and raw streams side by side', async () => {
    const kinds = (await cassetteOf('web')).map(({ kind }) => kind);
    expect([...new Set(kinds)].toSorted()).toEqual(['dns', 'grpc', 'http', 'websocket']);
    const bus = (await cassetteOf('chat')).filter(({ kind }) => kind === 'stream');
    // While all are stopped, one may look for the bus again.
    expect(new Set(bus.map(({ request }) => request?.url))).toEqual(new Set(['tcp://nats:4222']));
  });

  test('has an answer of ICY, whose status line is not that of HTTP', async () => {
    expect(live['radio']).toMatchObject({ head: 'ICY 200 OK', title: 'Veza' });
    const radio = (await cassetteOf('web')).find(({ request }) => request?.url.endsWith('/radio'));
    expect(radio).toMatchObject({ response: { httpVersion: 'ICY', status: 200 } });
  });

  test('has the signalling of WebRTC over the socket', () => {
    expect(live['talk']).toMatchObject({
      offer: { kind: 'offer', from: 'alice', sdp: expect.stringContaining('o=alice') },
      answer: { kind: 'answer', from: 'bob', sdp: expect.stringContaining('o=bob') },
    });
  });

  describe.each(services)('%s alone, without a network', (service) => {
    test(
      'shows its clients what they saw',
      async () => {
        const compose = (...words: string[]) => project.compose(alone, service, ...words);
        try {
          const told = await compose('run', '--rm', '-T', 'clients');
          expect(told).toMatchObject({ status: 0 });
          const seen = JSON.parse(told.stdout) as Seen;
          expect(Object.keys(seen)).not.toEqual([]);
          const then = Object.keys(seen).map((scene) => [scene, live[scene]]);
          expect(seen).toEqual(Object.fromEntries(then));
          const address = 'http://localhost:8889/receipt';
          const { stdout } = await compose('exec', '-T', 'magneto', ...curl, address);
          const receipt = JSON.parse(stdout) as unknown;
          expect(receipt).toMatchObject({ mode: 'replay', missed: 0, liveCalls: 0 });
        } finally {
          await compose('down', '--volumes', '--timeout', '9');
        }
      },
      composeMs,
    );
  });
});
