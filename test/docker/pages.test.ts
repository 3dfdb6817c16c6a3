import { chown, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { describeWhere } from '../skip.ts';
import { engine, images, prepare, preparingMs } from './engine.ts';
import type { Origin } from './origin.ts';
import { originName, startOrigin } from './origin.ts';
import type { Ended, Stage } from './stage.ts';
import { apps, withStage } from './stage.ts';

/** A compose project of the documentation: its page, its services, and what it is cut off with. */
interface Printed {
  readonly page: string;
  readonly magneto: string;
  readonly application: string;
  readonly cassette: string;
  /** The file that comes on top for the replay. */
  readonly offline: (page: string) => string;
}

const projects: readonly Printed[] = [
  {
    page: 'docs/DOCKER.md',
    magneto: 'magneto',
    application: 'application',
    cassette: 'default.json',
    offline: (page) => snippets(page).find((text) => text.startsWith('# offline.yaml')) ?? '',
  },
  {
    page: 'docs/1vcr.md',
    magneto: 'vcr',
    application: 'app',
    cassette: 'tour.json',
    offline: (page) => {
      expect(page).toContain('`network_mode: none` at the service `vcr`');
      const sealed = { MAGNETO_MODE: 'replay', MAGNETO_SEAL: 'true' };
      return JSON.stringify({ services: { vcr: { network_mode: 'none', environment: sealed } } });
    },
  },
];

/** The compose files of a page, in their order. */
function snippets(page: string): readonly string[] {
  const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map((block) => block[1] ?? '');
  return blocks.filter((text) => /^services:/m.test(text));
}

describeWhere(engine, 'the compose files of the documentation', () => {
  beforeAll(prepare, preparingMs);

  test.each([
    ['docs/DOCKER.md', 4],
    ['docs/1vcr.md', 1],
    ['docs/TRUST.md', 1],
  ])('%s: are valid', (path, count) =>
    withStage(async ({ folder }) => {
      const files = snippets(await readFile(path, 'utf8'));
      expect(files).toHaveLength(count);
      const file = join(folder, 'compose.yaml');
      for (const [place, text] of files.entries()) {
        // What comes on top of another is valid together with it.
        const [first = ''] = files;
        const onTop = text.startsWith('# offline.yaml');
        await writeFile(file, onTop ? first : text);
        await writeFile(join(folder, 'more.yaml'), text);
        const all = ['--file', file, ...(onTop ? ['--file', join(folder, 'more.yaml')] : [])];
        const env = { MAGNETO_CONTROL_TOKEN: 'of-the-test' };
        const { exitCode, stderr } = await execa('docker-compose', [...all, 'config', '--quiet'], {
          env,
          reject: false,
        });
        expect({ place, exitCode, stderr }).toEqual({ place, exitCode: 0, stderr: '' });
      }
    }),
  );

  test.each(projects)(
    '$page: recorded as printed, and replayed without a network',
    (printed) =>
      withStage(async (stage) => {
        const origin = await startOrigin(stage);
        const { run, down, log, tapes } = await projectOf(stage, origin, printed);
        try {
          const live = await run();
          expect(live).toMatchObject({ status: 0, stdout: expect.stringContaining('"POST"') });
          await down();
          expect(await readdir(tapes)).toEqual([printed.cassette]);
          await origin.remove();
          expect(await run('offline.yaml')).toEqual(live);
          expect(await log()).toMatch(/"missed":0,.*"liveCalls":0,.*"isolated":true/);
        } finally {
          await down('--volumes');
        }
      }),
    240_000,
  );
});

/** A project as a user would copy it, with the images, the origin and the application of the test. */
async function projectOf(
  stage: Stage,
  origin: Origin,
  printed: Printed,
): Promise<{
  readonly run: (...more: readonly string[]) => Promise<Ended>;
  readonly down: (...options: readonly string[]) => Promise<void>;
  readonly log: () => Promise<string>;
  readonly tapes: string;
}> {
  const place = stage.folder;
  const page = await readFile(printed.page, 'utf8');
  const [text = ''] = snippets(page);
  const own = text
    .replace('magneto:transparent', images.transparent)
    .replace(/image: (your-)?application/, `image: ${images.clients}`)
    .replace('127.0.0.1:3000:3000', '127.0.0.1::3000');
  await writeFile(join(place, 'compose.yaml'), own);
  await writeFile(join(place, 'more.yaml'), additions(stage, origin, printed));
  await writeFile(join(place, 'offline.yaml'), printed.offline(page));
  const tapes = join(place, 'cassettes');
  await mkdir(tapes);
  await chown(tapes, 1000, 1000);
  const compose = async (files: readonly string[], words: readonly string[]): Promise<Ended> => {
    const all = ['compose.yaml', 'more.yaml', ...files].flatMap((file) => ['--file', file]);
    const { exitCode, stdout, stderr } = await execa(
      'docker-compose',
      [...all, '--project-name', stage.network, ...words],
      { cwd: place, reject: false, timeout: 90_000 },
    );
    return { status: exitCode ?? -1, stdout, stderr };
  };
  const { application, magneto } = printed;
  return {
    tapes,
    run: async (...files) => {
      const up = ['up', '--no-color', '--exit-code-from', application, '--timeout', '9'];
      const { status } = await compose(files, up);
      const said = await compose(files, ['logs', '--no-color', '--no-log-prefix', application]);
      return { ...said, status };
    },
    down: async (...options) => void (await compose([], ['down', '--timeout', '9', ...options])),
    log: async () => (await compose([], ['logs', '--no-color', magneto])).stdout,
  };
}

/** What the test adds: where the origin is, whom magneto is to trust, and what the application does. */
function additions(stage: Stage, origin: Origin, { magneto, application }: Printed): string {
  const [volume = '', variable = ''] = origin.trusted.map((option) => option.split(/=(.*)/s)[1]);
  const volumes = apps.map((option) => option.replace('--volume=', ''));
  const asks = [`http://${originName}`, `https://${originName}`];
  return JSON.stringify({
    services: {
      [magneto]: { environment: [variable], volumes: [volume] },
      [application]: { command: ['node', '/apps/fetch-client.ts', ...asks], volumes },
    },
    networks: { default: { name: stage.network, external: true } },
  });
}
