import { chmod, chown, mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import { docker, engine, images, prepare, preparingMs } from './engine.ts';
import { variables, withStage } from './stage.ts';

const image = images.explicit;
const strict = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'] as const;

describeWhere(engine, 'the explicit image', () => {
  beforeAll(prepare, preparingMs);

  test('takes verbs, and says which version it is', () =>
    withStage(async ({ run }) => {
      const manifest = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
      expect(await run([], [image, 'version'])).toMatchObject({
        status: 0,
        stdout: `magneto ${manifest.version}`,
      });
      const label = '{{index .Config.Labels "org.opencontainers.image.version"}}';
      expect(await docker('inspect', '--format', label, image)).toBe(manifest.version);
      const wrong = await run([], [image, 'sevre']);
      expect(wrong).toMatchObject({ status: 2, stdout: '' });
      expect(wrong.stderr).toContain('COMMAND_UNKNOWN');
    }));

  test('holds one bundle, the licences and the one library of machine code; no npm', () =>
    withStage(async ({ run }) => {
      const look = `ls /app; command -v npm npx; find / -xdev -name node_modules; id -u`;
      const { stdout } = await run(['--entrypoint=sh'], [image, '-c', look]);
      expect(stdout.split('\n')).toEqual([
        'magneto.cjs',
        'magneto.cjs.map',
        'node_modules',
        'third-party-notices.txt',
        '/app/node_modules',
        '1000',
      ]);
    }));

  test(
    'serves without root, without capabilities, on a read-only root file system',
    () =>
      withStage(async ({ start }) => {
        const magneto = await start('magneto', strict, [image]);
        await magneto.healthy();
        expect(await magneto.exec('sh', '-c', 'id -u; touch /app/x')).toMatchObject({
          stdout: '1000',
        });
        expect((await magneto.exec('node', '/app/magneto.cjs', 'health')).status).toBe(0);
        expect(await magneto.exec('magneto', 'health')).toMatchObject({ status: 0, stderr: '' });
        const { status, ms } = await magneto.stop();
        expect(status).toBe(0);
        expect(ms).toBeLessThan(8000);
      }),
    90_000,
  );

  test(
    'serves where IPv6 is off',
    () =>
      withStage(async ({ start }) => {
        const off = '--sysctl=net.ipv6.conf.all.disable_ipv6=1';
        await (await start('magneto', [off], [image])).healthy();
      }),
    90_000,
  );

  test(
    'any user can write to a named volume',
    () =>
      withStage(async ({ start, network }) => {
        const volumes = [`--volume=${network}-tapes:/cassettes`, `--volume=${network}-ca:/certs`];
        const magneto = await start(
          'magneto',
          ['--user=1234:5678', ...volumes, ...strict],
          [image],
        );
        try {
          await magneto.healthy();
        } finally {
          await magneto.remove();
          await docker('volume', 'rm', `${network}-tapes`, `${network}-ca`);
        }
      }),
    90_000,
  );

  test(
    'a user who has no name, in the group of root, records, replays and is examined (OpenShift)',
    () =>
      withStage(async ({ start, run, folder }) => {
        const [tapes, certs] = [join(folder, 'tapes'), join(folder, 'certs')];
        for (const each of [tapes, certs]) {
          await mkdir(each);
          // What is written by a group, not by a user, is how such a platform has it.
          await chown(each, 0, 0);
          await chmod(each, 0o770);
        }
        const mounts = [`--volume=${tapes}:/cassettes`, `--volume=${certs}:/certs`];
        const anybody = [...strict, '--user=12345:0', ...mounts];
        const recording = await start(
          'recording',
          [...anybody, '--env=MAGNETO_MODE=record'],
          [image],
        );
        await recording.healthy();
        expect((await recording.exec('id', '-un')).status).not.toBe(0);
        const doctor = await recording.exec('node', '/app/magneto.cjs', 'doctor');
        expect(doctor.stdout).toMatch(/ok +control plane/);
        expect(doctor.stdout).toMatch(/ok +volume/);
        expect(doctor.stdout).toMatch(/unknown +rules/);
        expect((await recording.stop()).status).toBe(0);
        expect(await readdir(tapes)).toEqual(['default.json']);
        const replaying = await start(
          'replaying',
          [...anybody, '--env=MAGNETO_MODE=replay'],
          [image],
        );
        await replaying.healthy();
        expect((await run(anybody, [image, 'version'])).status).toBe(0);
      }),
    90_000,
  );

  test(
    'a folder of another user is refused with the line to add, which then helps',
    () =>
      withStage(async ({ run, start, folder }) => {
        const tapes = join(folder, 'tapes');
        await mkdir(tapes);
        await chown(tapes, 1234, 5678);
        const options = [`--volume=${tapes}:/cassettes`, ...variables({ MAGNETO_MODE: 'record' })];
        const refused = await run(options, [image]);
        expect(refused.status).toBe(2);
        const lines = refused.stderr.split('\n');
        expect(lines).toHaveLength(1);
        expect(lines[0]).toMatch(
          /^magneto: CASSETTE_UNWRITABLE: \/cassettes.* belongs to 1234:5678/,
        );
        const user = /`user: "([\d:]+)"`/.exec(refused.stderr)?.[1] ?? '';
        await (await start('magneto', [...options, `--user=${user}`], [image])).healthy();
      }),
    90_000,
  );

  test('a folder that may not even be looked into: the same line', () =>
    withStage(async ({ run, folder }) => {
      // Made by mkdtemp: mode 0700.
      const { status, stderr } = await run([`--volume=${folder}:/cassettes`], [image]);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^magneto: CASSETTE_UNREADABLE: .*EACCES.* `user: "0:0"`/);
    }));

  test('a read-only folder cannot be recorded to, and says so', () =>
    withStage(async ({ run, folder }) => {
      const tapes = join(folder, 'tapes');
      await mkdir(tapes);
      const options = [`--volume=${tapes}:/cassettes:ro`, '--env=MAGNETO_MODE=record'];
      const { status, stderr } = await run(options, [image]);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^magneto: CASSETTE_UNWRITABLE: .*EROFS, it is mounted read-only;/);
    }));
});
