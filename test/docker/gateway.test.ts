import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomInt } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { describeWhere } from '../skip.ts';
import { docker, engine, images, prepare, preparingMs } from './engine.ts';
import { originName, startOrigin } from './origin.ts';
import type { Container, Ended, Stage } from './stage.ts';
import { client, variables, withStage } from './stage.ts';
import type { Folders } from './story.ts';
import { applications, folders, receiptOf } from './story.ts';

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

/** Lends a network beside that of the stage, where the clients are and the origin is not. */
async function withLab(
  stage: Stage,
  options: readonly string[],
  body: (lab: Lab) => Promise<void>,
): Promise<void> {
  const name = `${stage.network}-lab`;
  const range = `10.${randomInt(100, 250)}.${randomInt(256)}`;
  await docker('network', 'create', ...options, '--subnet', `${range}.0/24`, name);
  try {
    await body({ name, gateway: `${range}.2`, jobs: `${range}.20` });
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
});

async function addressOf(container: Container, { network }: Stage): Promise<string> {
  return container.inspect(`{{(index .NetworkSettings.Networks "${network}").IPAddress}}`);
}
