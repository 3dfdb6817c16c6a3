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

/** The example in a folder of its own. */
interface Project {
  readonly folder: string;
  readonly compose: (file: string, service: Service, ...words: string[]) => Promise<Ended>;
}

async function copyProject(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'magneto-veza-'));
  await cp(resolve('examples/veza'), folder, {
    recursive: true,
    filter: (path) => !path.endsWith('node_modules'),
  });
  await chown(join(folder, 'cassettes'), 1000, 1000);
  // Packages are fetched as this machine fetches them.
  const build = { build: { context: '.', network: 'host' } };
  const all = Object.fromEntries(services.map((name) => [name, build]));
  await writeFile(join(folder, 'test-docker-compose.yml.json'), JSON.stringify({ services: all }));
  await writeFile(
    join(folder, 'test-alone.yml.json'),
    JSON.stringify({ services: { app: build } }),
  );
  const compose: Project['compose'] = async (file, service, ...words) => {
    const env = {
      SERVICE: service,
      PORT: '0',
      MAGNETO_TRANSPARENT_IMAGE: images.transparent,
      DOCKER_BUILDKIT: '0',
      COMPOSE_DOCKER_CLI_BUILD: '0',
      COMPOSE_PROJECT_NAME: `${folder.split('-').at(-1)?.toLowerCase()}${file === 'alone.yml' ? service : ''}`,
    };
    const files = ['--file', join(folder, file), '--file', join(folder, `test-${file}.json`)];
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

describeWhere(engine, 'examples/veza', () => {
  let project: Project;
  let live: Seen = {};
  const receipts: Partial<Record<Service, Seen>> = {};

  const cassetteOf = async (service: Service): Promise<readonly Interaction[]> => {
    const text = await readFile(join(project.folder, 'cassettes', `${service}.json`), 'utf8');
    return (JSON.parse(text) as { interactions: Interaction[] }).interactions;
  };

  beforeAll(async () => {
    await prepare();
    await execa('sh', ['test/docker/base-images.sh', 'node:26-trixie-slim', 'nats:2']);
    project = await copyProject();
    const compose = (...words: string[]) => project.compose('docker-compose.yml', 'web', ...words);
    expect(await compose('build', ...services)).toMatchObject({ status: 0 });
    expect(await compose('up', '--detach', '--no-color')).toMatchObject({ status: 0 });
    try {
      const asked = await patiently(7, () => compose(...curl('http://localhost:8090/run')));
      expect(asked).toMatchObject({ status: 0 });
      live = JSON.parse(asked.stdout) as Seen;
    } finally {
      await compose('down', '--volumes', '--timeout', '9');
    }
  }, preparingMs + 300_000);

  afterAll(async () => {
    if (project === undefined) return;
    for (const service of services) {
      await project.compose('alone.yml', service, 'down', '--rmi', 'local', '--timeout', '9');
    }
    await rm(project.folder, { recursive: true, force: true });
  }, composeMs);

  const curl = (url: string): string[] => [
    ...['exec', '-T', 'web-magneto', 'curl', '--show-error', '--fail-with-body', '--silent'],
    ...['--max-time', '60', url],
  ];

  test('is recorded whole: HTTP, WebSocket, gRPC and raw streams side by side', async () => {
    const kinds = (await cassetteOf('web')).map(({ kind }) => kind);
    for (const kind of ['http', 'websocket', 'grpc', 'dns']) expect(kinds).toContain(kind);
    const bus = (await cassetteOf('chat')).filter(({ kind }) => kind === 'stream');
    expect(bus[0]?.request?.url).toMatch(/^tcp:\/\/nats:4222$/);
  });

  test('has an answer of ICY, whose status line is not that of HTTP', () => {
    expect(live['radio']).toMatchObject({ head: 'ICY 200 OK', title: 'Veza' });
  });

  test('has the signalling of WebRTC over the socket', () => {
    expect(live['talk']).toMatchObject({
      offer: { kind: 'offer', from: 'alice' },
      answer: { kind: 'answer', from: 'bob' },
    });
  });

  describe.each(services)('%s alone, without a network', (service) => {
    test(
      'shows its clients what they saw',
      async () => {
        const { compose } = project;
        const up = await compose('alone.yml', service, 'up', '--detach', '--no-color', '--build');
        expect(up).toMatchObject({ status: 0 });
        try {
          const tell = () =>
            compose('alone.yml', service, 'exec', '-T', 'app', 'node', 'alone.js', service);
          const told = await patiently(1, tell);
          expect(told).toMatchObject({ status: 0 });
          const seen = JSON.parse(told.stdout) as Seen;
          for (const [scene, what] of Object.entries(seen)) {
            expect({ [scene]: what }).toEqual({ [scene]: live[scene] });
          }
          const magneto = [
            'exec',
            '-T',
            'magneto',
            'curl',
            '--silent',
            'http://localhost:8889/receipt',
          ];
          const receipt = await compose('alone.yml', service, ...magneto);
          receipts[service] = JSON.parse(receipt.stdout) as Seen;
          expect(receipts[service]).toMatchObject({ mode: 'replay', missed: 0, liveCalls: 0 });
        } finally {
          await compose('alone.yml', service, 'down', '--timeout', '9');
        }
      },
      composeMs,
    );
  });
});
