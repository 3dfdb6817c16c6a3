import { chown, cp, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { images } from './engine.ts';
import { originName } from './origin.ts';
import type { Ended, Stage } from './stage.ts';

/** A project of examples/docker-vcr in a folder of its own. */
export interface Example {
  readonly folder: string;
  readonly cassette: string;
  /** Runs docker-compose with some of the project's files, on a network that is there already. */
  readonly compose: (how: How, ...words: readonly string[]) => Promise<Ended>;
}

/** With which files of a project, and on which network. */
export interface How {
  readonly files: readonly string[];
  readonly network: string;
}

const composeMs = 240_000;
const triesMax = 50;
const pauseMs = 200;

/** The official images that a project's Dockerfile is built from, `scratch` apart. */
async function basesOf(name: string): Promise<readonly string[]> {
  const text = await readFile(join('examples/docker-vcr', name, 'Dockerfile'), 'utf8');
  const named = [...text.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image ?? '');
  return named.filter((image) => image !== 'scratch');
}

/** Copies a project onto a stage, as its files are; takes it down when the test is over. */
export async function withExample(
  stage: Stage,
  name: string,
  body: (example: Example) => Promise<void>,
): Promise<void> {
  await execa('sh', ['test/docker/base-images.sh', ...(await basesOf(name))]);
  const folder = join(stage.folder, name);
  await cp(resolve('examples/docker-vcr', name), folder, { recursive: true });
  await chown(join(folder, 'cassettes'), 1000, 1000);
  const compose = composeIn(stage, folder);
  const whole = { files: ['docker-compose.yml'], network: stage.network };
  try {
    await body({ folder, cassette: join(folder, 'cassettes/default.json'), compose });
  } finally {
    await compose(whole, 'down', '--volumes', '--rmi', 'local', '--timeout', '9');
  }
}

/** Asks again while nobody listens yet, and never for another reason. */
export async function patiently(refused: number, ask: () => Promise<Ended>): Promise<Ended> {
  for (let tries = 1; ; tries += 1) {
    const said = await ask();
    if (said.status !== refused || tries === triesMax) return said;
    await sleep(pauseMs);
  }
}

function composeIn(stage: Stage, folder: string): Example['compose'] {
  const env = {
    MAGNETO_IMAGE: images.explicit,
    MAGNETO_TRANSPARENT_IMAGE: images.transparent,
    API_URL: `https://${originName}`,
    PORT: '0',
    DOCKER_BUILDKIT: '0',
    COMPOSE_DOCKER_CLI_BUILD: '0',
  };
  return async ({ files, network }, ...words) => {
    await writeFile(join(folder, 'test.json'), additions(stage, network));
    const named = [...files, 'test.json'].flatMap((file) => ['--file', join(folder, file)]);
    const place = ['--project-directory', folder, '--project-name', stage.network];
    const options = { env, reject: false, timeout: composeMs } as const;
    const ended = await execa('docker-compose', [...named, ...place, ...words], options);
    return { status: ended.exitCode ?? -1, stdout: ended.stdout, stderr: ended.stderr };
  };
}

/** What the test adds: the network that the origin is on, and whom magneto is to trust there. */
function additions(stage: Stage, network: string): string {
  return JSON.stringify({
    services: {
      magneto: {
        environment: { MAGNETO_UPSTREAM_CA: '/origin-ca.pem' },
        volumes: [`${stage.folder}/pki/ca.pem:/origin-ca.pem:ro`],
      },
      // Packages are fetched as this machine fetches them.
      app: { build: { context: '.', network: 'host' } },
    },
    networks: { default: { name: network, external: true } },
  });
}
