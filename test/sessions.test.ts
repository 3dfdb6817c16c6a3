import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Failure } from '../src/exchange/failure.ts';
import { openRun, together } from '../src/sessions.ts';
import { withGround } from './ground.ts';
import { openSession } from './open-session.ts';

const noIpv6 = (): boolean => false;

test('a session acts as the settings and what stands on disk decide', async () => {
  await withGround({ MAGNETO_CASSETTE_NAME: 'login/ok' }, async (ground) => {
    const session = await openRun(ground, () => false);
    expect(session).toMatchObject({ name: 'login/ok', acts: 'record', loaded: 0 });
    expect(session.all).toHaveLength(1);
    expect(session.of({ address: '10.0.0.1' })).toMatchObject({ name: 'login/ok' });
    await session.discard();
  });
});

test('what is to be replayed has to be there', async () => {
  await withGround({ MAGNETO_MODE: 'replay' }, async (ground) => {
    await expect(openRun(ground, () => false)).rejects.toMatchObject({
      code: 'CASSETTE_NOT_FOUND',
    });
  });
});

describe('clients with cassettes of their own', () => {
  const clients = 'web=10.0.0.5,jobs/night=10.1.0.0/16,web=fd00::5,here=localhost,default=10.1.0.9';
  const empty = JSON.stringify({
    version: '2.0',
    name: 'empty',
    recordedAt: '2026-11-20T10:00:00.000Z',
    interactions: [],
  });

  test('each belong to a session, and the others share one', async () => {
    await withGround({ MAGNETO_CLIENTS: clients }, async (ground) => {
      const run = await openRun(ground, noIpv6);
      expect(run.all.map(({ name }) => name)).toEqual(['default', 'web', 'jobs/night', 'here']);
      const nameOf = async (address: string): Promise<string> => (await run.of({ address })).name;
      expect(await nameOf('10.0.0.5')).toBe('web');
      expect(await nameOf('fd00::5')).toBe('web');
      expect(await nameOf('10.1.2.3')).toBe('jobs/night');
      expect(await nameOf('10.1.0.9')).toBe('default');
      expect(await nameOf('127.0.0.1')).toBe('here');
      expect(await nameOf('10.2.0.1')).toBe('default');
      await run.discard();
    });
  });

  test('are decided about one by one: one is replayed, another recorded', async () => {
    await withGround({ MAGNETO_CLIENTS: 'web=10.0.0.5,jobs=10.0.0.6' }, async (ground) => {
      await writeFile(join(ground.settings.cassetteDir, 'web.json'), empty);
      const run = await openRun(ground, noIpv6);
      expect(run.all.map(({ name, acts }) => [name, acts])).toEqual([
        ['default', 'record'],
        ['web', 'replay'],
        ['jobs', 'record'],
      ]);
      expect(run).toMatchObject({ loaded: 0, strict: true });
      expect([run.unused(), run.interactions(), run.unfinished()]).toEqual([0, 0, false]);
      expect(run.failure()).toBeUndefined();
      await run.close();
    });
  });

  test('need theirs for a replay, and not the one that nobody has', async () => {
    const env = { MAGNETO_CLIENTS: 'web=10.0.0.5,jobs=10.0.0.6', MAGNETO_MODE: 'replay' };
    await withGround(env, async (ground) => {
      const folder = ground.settings.cassetteDir;
      await writeFile(join(folder, 'web.json'), empty);
      await expect(openRun(ground, noIpv6)).rejects.toMatchObject({
        code: 'CASSETTE_NOT_FOUND',
        message: expect.stringContaining('"jobs"'),
      });
      await writeFile(join(folder, 'jobs.json'), empty);
      const run = await openRun(ground, noIpv6);
      expect(run.all.map(({ file }) => file)).toEqual([
        undefined,
        join(folder, 'web.json'),
        join(folder, 'jobs.json'),
      ]);
      await run.close();
    });
  });

  test('cannot have two cassettes that are one file', async () => {
    await withGround({ MAGNETO_CLIENTS: 'Default=10.0.0.5' }, async (ground) => {
      await expect(openRun(ground, noIpv6)).rejects.toMatchObject({ code: 'CASSETTE_NAMES_CLASH' });
    });
  });
});

describe('sessions as one', () => {
  const full = new Failure('RECORDING_FAILED', 'ENOSPC');

  test('are their sums, and fail where one of them does', () => {
    const broken = openSession({ loaded: 2, strict: true, failure: () => full });
    const run = together([openSession({ name: 'default' }), broken]);
    expect(run).toMatchObject({ name: 'default', loaded: 5, strict: true, file: '/x/c.json' });
    expect([run.unused(), run.interactions(), run.unfinished()]).toEqual([4, 6, true]);
    expect(run.failure()).toBe(full);
  });

  test('are all closed, though one of them fails, and that is told', async () => {
    const closed: string[] = [];
    const session = (name: string) =>
      openSession({
        close: () => {
          closed.push(name);
          return name === 'web' ? Promise.reject(full) : Promise.resolve();
        },
      });
    await expect(
      together([session('default'), session('web'), session('jobs')]).close(),
    ).rejects.toBe(full);
    expect(closed).toEqual(['default', 'web', 'jobs']);
  });
});
