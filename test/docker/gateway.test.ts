import { chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomInt } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { describeWhere } from '../skip.ts';
import { docker, engine, images, prepare, preparingMs } from './engine.ts';
import { originName, startOrigin } from './origin.ts';
import type { Container, Ended, Stage } from './stage.ts';
import { apps, client, variables, withStage } from './stage.ts';
import type { Folders } from './story.ts';
import { applications, bases, folders, receiptOf, sockets } from './story.ts';

const image = images.transparent;
const capabilities = ['NET_ADMIN', 'SETUID', 'SETGID'].map((name) => `--cap-add=${name}`);
const strict = ['--cap-drop=ALL', ...capabilities, '--read-only', '--health-interval=1s'] as const;
const owner = 1000;

/** The network of the clients: its name, and the addresses of those that have fixed ones. */
interface Lab {
  readonly name: string;
  readonly gateway: string;
  readonly jobs: string;
}

/** What the addresses of a network begin with, that nobody else is likely to have. */
function rangeOf(): string {
  return `10.${randomInt(100, 250)}.${randomInt(256)}.`;
}

/** Lends a network beside that of the stage, where the clients are and the origin is not. */
async function withLab(
  stage: Stage,
  options: readonly string[],
  body: (lab: Lab) => Promise<void>,
): Promise<void> {
  const name = `${stage.network}-lab`;
  const range = rangeOf();
  await docker('network', 'create', ...options, '--subnet', `${range}0/24`, name);
  try {
    await body({ name, gateway: `${range}2`, jobs: `${range}20` });
  } finally {
    await execa('docker', ['network', 'rm', name], { reject: false });
  }
}

/** Starts magneto where the clients are. Nothing that it does not answer goes through it. */
async function startGateway(
  stage: Stage,
  lab: Lab,
  options: readonly string[],
): Promise<Container> {
  const gateway = await stage.start(
    'magneto',
    [
      ...strict,
      `--network=${lab.name}`,
      `--ip=${lab.gateway}`,
      '--network-alias=magneto',
      ...options,
      ...variables({
        MAGNETO_GATEWAY: 'true',
        MAGNETO_CLIENTS: `web=web,night/jobs=${lab.jobs}`,
      }),
    ],
    [image],
  );
  await gateway.healthy();
  return gateway;
}

/** Two containers that ask magneto for names, and as many words as it takes to run applications in their networks. */
async function startClients(stage: Stage, lab: Lab): Promise<readonly [Container, Container]> {
  const holder = (name: string, ...more: readonly string[]): Promise<Container> => {
    const place = [`--network=${lab.name}`, `--network-alias=${name}`, `--dns=${lab.gateway}`];
    return stage.start(name, [...place, ...more], [images.clients, 'sleep', 'infinity']);
  };
  return [await holder('web'), await holder('jobs', `--ip=${lab.jobs}`)];
}

/** Makes magneto the way out of a container's network, from a container that lives only for that. */
async function route(stage: Stage, container: Container): Promise<Ended> {
  const rights = ['--cap-drop=ALL', '--cap-add=NET_ADMIN'];
  const helper = [`--network=container:${container.name}`, ...rights];
  return stage.run(helper, [image, 'rules', 'route', '--via', 'magneto']);
}

/** All that an application is told: whom to trust. */
function within(container: Container, { certs }: Folders): readonly string[] {
  return [
    `--network=container:${container.name}`,
    `--volume=${certs}/ca.pem:/ca.pem:ro`,
    ...variables({
      REQUESTS_CA_BUNDLE: '/ca.pem',
      NODE_EXTRA_CA_CERTS: '/ca.pem',
      CURL_CA_BUNDLE: '/ca.pem',
    }),
  ];
}

/** What the applications of each container see, and what one of them alone asks for. */
async function everyone(
  stage: Stage,
  own: Folders,
  containers: readonly Container[],
): Promise<readonly Ended[]> {
  const all: Ended[] = [];
  for (const container of containers) {
    const options = within(container, own);
    all.push(...(await applications(stage, options)));
    const path = container.name.replace(/.*-/, '');
    const url = `https://${originName}/only-${path}`;
    const script = `fetch('${url}').then((r) => r.text()).then(console.log)`;
    all.push(await client(stage, options, ['node', '--eval', script]));
  }
  return all;
}

async function urlsIn({ tapes }: Folders, name: string): Promise<readonly string[]> {
  const text = await readFile(join(tapes, `${name}.json`), 'utf8');
  const { interactions } = JSON.parse(text) as {
    readonly interactions: readonly { readonly request?: { readonly url: string } }[];
  };
  return interactions.flatMap(({ request }) => request?.url ?? []);
}

describeWhere(engine, 'a gateway of two containers', () => {
  beforeAll(prepare, preparingMs);

  test(
    'records each into a cassette of its own, and replays them on an internal network, where nobody has a route',
    () =>
      withStage(async (stage) => {
        const own = await folders(stage, owner);
        const origin = await startOrigin(stage);
        let live: readonly Ended[] = [];
        await withLab(stage, [], async (lab) => {
          const gateway = await startGateway(stage, lab, [...own.mounts, ...origin.trusted]);
          await docker('network', 'connect', stage.network, gateway.name);
          const clients = await startClients(stage, lab);
          for (const one of clients) {
            expect(await route(stage, one)).toMatchObject({
              status: 0,
              stdout: `routed (IPv4 ${lab.gateway}, IPv6 leads nowhere)`,
            });
          }
          live = await everyone(stage, own, clients);
          expect(live.map(({ status, stderr }) => [status, stderr])).toEqual(
            live.map(() => [0, '']),
          );
          // Nobody but magneto joins the two networks, and it passes nothing on.
          const ssh = `require('net').connect(22, '${await addressOf(origin, stage)}')
            .on('error', () => {}).on('connect', () => console.log('connected')).setTimeout(2000, process.exit)`;
          const [web] = clients;
          expect((await web.exec('node', '--eval', ssh)).stdout).toBe('');
          expect(await gateway.logs()).toMatch(/web does not resolve so far.*cassette web/);
          expect(await gateway.stop()).toMatchObject({ status: 0 });
          for (const one of [gateway, ...clients]) await one.remove();
        });
        await origin.remove();

        expect(await readdir(own.tapes)).toEqual(['night', 'web.json']);
        for (const [name, mine, others] of [
          ['web', 'web', 'jobs'],
          ['night/jobs', 'jobs', 'web'],
        ] as const) {
          const urls = await urlsIn(own, name);
          expect(urls).toContain(`https://${originName}/only-${mine}`);
          expect(urls).not.toContain(`https://${originName}/only-${others}`);
          expect(urls).toHaveLength(11);
        }

        await withLab(stage, ['--internal'], async (lab) => {
          const replaying = variables({ MAGNETO_MODE: 'replay' });
          const gateway = await startGateway(stage, lab, [...own.mounts, ...replaying]);
          const clients = await startClients(stage, lab);
          expect(await everyone(stage, own, clients)).toEqual(live);
          expect(await receiptOf(gateway)).toMatchObject({
            missed: 0,
            liveCalls: 0,
            failed: 0,
            sessions: {
              default: { served: 0 },
              web: { loaded: expect.any(Number), missed: 0 },
              'night/jobs': { missed: 0 },
            },
          });
          expect(await gateway.stop()).toMatchObject({ status: 0 });
          for (const one of [gateway, ...clients]) await one.remove();
        });
      }),
    240_000,
  );

  test(
    'is set up as the documentation has it',
    () =>
      withStage(async (stage) => {
        const file = await projectOf(stage);
        const more = join(stage.folder, 'more.json');
        const place = ['--project-directory', stage.folder, '--project-name', stage.network];
        const compose = async (...words: readonly string[]): Promise<string> => {
          const files = ['--ansi', 'never', '--file', file, '--file', more, ...place];
          const options = { all: true, timeout: 120_000, reject: false } as const;
          return (await execa('docker-compose', [...files, ...words], options)).all;
        };
        /** What the application says, line by line, and where it ends well nothing but that. */
        const run = async (): Promise<readonly string[]> => {
          const said = await compose('up', '--no-color', '--exit-code-from', 'web');
          await compose('down', '--timeout', '9');
          return said.split('\n').flatMap((line) => /^web_1 +\| (.*)/.exec(line)?.[1] ?? []);
        };
        try {
          const origin = await startOrigin(stage);
          await mkdir(join(stage.folder, 'cassettes'));
          await chown(join(stage.folder, 'cassettes'), owner, owner);
          const trusting = {
            environment: { MAGNETO_UPSTREAM_CA: '/origin-ca.pem' },
            volumes: [`${stage.folder}/pki/ca.pem:/origin-ca.pem:ro`],
          };
          await writeFile(more, additions(stage, trusting));
          const live = await run();
          expect(live.join('\n')).toMatch(/"number": ?\d+/);
          await origin.remove();
          // Of jobs nothing came, so of its cassette there is only the folder.
          expect(await readdir(join(stage.folder, 'cassettes'))).toEqual(['night', 'web.json']);
          await writeFile(more, additions(stage, {}));
          const project = await readFile(file, 'utf8');
          await writeFile(file, project.replace('lab: { ipam', 'lab: { internal: true, ipam'));
          expect(await run()).toEqual(live);
        } finally {
          await compose('down', '--volumes', '--timeout', '2');
        }
      }),
    240_000,
  );
});

/** The project of the documentation, as a user would copy it, with the images and addresses of the test. */
async function projectOf(stage: Stage): Promise<string> {
  const page = await readFile('docs/DOCKER.md', 'utf8');
  const [, section = ''] = page.split('\n## A gateway for other containers');
  const [, project = ''] = /```yaml\n(# compose.yaml\n.*?)```/s.exec(section) ?? [];
  const file = join(stage.folder, 'compose.yaml');
  const text = project
    .replaceAll('image: magneto:transparent', `image: ${image}`)
    .replace('image: web', `image: ${images.clients}`)
    .replaceAll('172.30.0.', rangeOf());
  await writeFile(file, text);
  return file;
}

/** What the test adds: where the origin is, whom magneto is to trust there, and what the application does. */
function additions(stage: Stage, magneto: object): string {
  const [options, command] = [apps.map((option) => option.replace('--volume=', '')), 'node'];
  return JSON.stringify({
    services: {
      magneto,
      web: { command: [command, '/apps/fetch-client.ts', ...bases, ...sockets], volumes: options },
    },
    networks: { world: { name: stage.network, external: true } },
  });
}

async function addressOf(container: Container, { network }: Stage): Promise<string> {
  return container.inspect(`{{(index .NetworkSettings.Networks "${network}").IPAddress}}`);
}
