import { readFile, readdir } from 'node:fs/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { describeWhere } from '../skip.ts';
import { docker, engine, prepare, preparingMs } from './engine.ts';
import type { Example, How } from './examples.ts';
import { patiently, withExample } from './examples.ts';
import { startOrigin } from './origin.ts';
import type { Ended, Stage } from './stage.ts';
import { withStage } from './stage.ts';

const projects = ['go', 'java', 'node-microservice', 'php', 'python-flask', 'ruby'] as const;
const paths = ['/', '/order'] as const;
const up = ['up', '--detach', '--no-color'] as const;
const down = ['down', '--timeout', '9'] as const;

/** How the projects are run; `network` is that of the stage, where nothing else is said. */
function ways({ network }: Stage): Readonly<Record<'live' | 'offline' | 'explicit', How>> {
  return {
    live: { files: ['docker-compose.yml'], network },
    offline: { files: ['docker-compose.yml', 'offline.yml'], network },
    explicit: { files: ['explicit.yml'], network },
  };
}

/** Asks a sidecar's application from where it lives: the same command with and without a network. */
async function askBoth({ compose }: Example, how: How): Promise<readonly Ended[]> {
  const ask = (path: string): Promise<Ended> =>
    patiently(7, () =>
      compose(how, ...exec, '--fail-with-body', '--silent', `http://localhost:8080${path}`),
    );
  const exec = ['exec', '-T', 'magneto', 'curl', '--show-error'];
  return [await ask(paths[0]), await ask(paths[1])];
}

async function receiptOf({ compose }: Example, how: How): Promise<unknown> {
  const address = 'http://localhost:8889/receipt';
  const { stdout } = await compose(how, 'exec', '-T', 'magneto', 'curl', '--silent', address);
  return JSON.parse(stdout);
}

/** Stops the project; gives the status with which magneto left, as the recipes in examples/ci ask for it. */
async function statusOfMagneto({ compose }: Example, how: How): Promise<number> {
  await compose(how, 'stop', '--timeout', '9');
  const { stdout } = await compose(how, 'ps', '--quiet', 'magneto');
  return Number(await docker('inspect', '--format', '{{.State.ExitCode}}', stdout.trim()));
}

function methodsIn(answers: readonly Ended[]): readonly unknown[] {
  return answers.map(({ stdout }) => /method\W+(GET|POST)/.exec(stdout)?.[1]);
}

describeWhere(engine, 'examples/docker-vcr', () => {
  beforeAll(prepare, preparingMs);

  test('is what is tested here', async () => {
    const entries = await readdir('examples/docker-vcr', { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(folders.toSorted()).toEqual([...projects]);
  });

  test.each(projects)('%s knows of no proxy', async (name) => {
    const folder = `examples/docker-vcr/${name}`;
    const files = (await readdir(folder)).filter((file) => file !== 'cassettes');
    for (const file of files.filter((each) => each !== 'explicit.yml')) {
      const text = await readFile(`${folder}/${file}`, 'utf8');
      expect({ file, found: /https?_proxy|8888/i.exec(text)?.[0] }).toEqual({ file });
    }
  });

  test.each(projects)(
    '%s: recorded, and replayed without any network',
    (name) =>
      withStage(async (stage) => {
        const { live, offline } = ways(stage);
        const origin = await startOrigin(stage);
        await withExample(stage, name, async (example) => {
          const { compose, cassette } = example;
          expect(await compose(live, ...up)).toMatchObject({ status: 0 });
          const answers = await askBoth(example, live);
          expect({ methods: methodsIn(answers), answers }).toEqual({
            methods: ['GET', 'POST'],
            answers,
          });
          expect(await compose(live, ...down)).toMatchObject({ status: 0 });
          expect(await readFile(cassette, 'utf8')).toContain('"url": "https://');

          await origin.remove();
          expect(await compose(offline, ...up)).toMatchObject({ status: 0 });
          expect(await askBoth(example, offline)).toEqual(answers);
          expect(await receiptOf(example, offline)).toMatchObject({
            mode: 'replay',
            missed: 0,
            liveCalls: 0,
          });
          expect(await statusOfMagneto(example, offline)).toBe(0);
        });
      }),
    300_000,
  );

  test(
    'python-flask, told of a proxy: recorded, and replayed in a network that leads nowhere',
    () =>
      withStage(async (stage) => {
        const { explicit } = ways(stage);
        const inside = { ...explicit, network: `${stage.network}-inside` };
        const origin = await startOrigin(stage);
        await docker('network', 'create', '--internal', inside.network);
        try {
          await withExample(stage, 'python-flask', async (example) => {
            const { compose } = example;
            expect(await compose(explicit, ...up)).toMatchObject({ status: 0 });
            const answers = await askFlask(example, explicit);
            expect(methodsIn(answers)).toEqual(['GET', 'POST']);
            expect(await compose(explicit, ...down)).toMatchObject({ status: 0 });
            await origin.remove();
            expect(await compose(inside, ...up)).toMatchObject({ status: 0 });
            expect(await askFlask(example, inside)).toEqual(answers);
            expect(await compose(inside, ...down)).toMatchObject({ status: 0 });
          });
        } finally {
          await execa('docker', ['network', 'rm', inside.network], { reject: false });
        }
      }),
    300_000,
  );
});

/** Asks from within the application's container: there is no curl in the explicit image. */
async function askFlask({ compose }: Example, how: How): Promise<readonly Ended[]> {
  const script = `import sys, requests
try: print(requests.get('http://localhost:8080' + sys.argv[1]).text)
except requests.ConnectionError: sys.exit(7)`;
  const ask = (path: string): Promise<Ended> =>
    patiently(7, () => compose(how, 'exec', '-T', 'app', 'python', '-c', script, path));
  return [await ask(paths[0]), await ask(paths[1])];
}
