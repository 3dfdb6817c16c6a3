import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Failure } from '../../src/exchange/failure.ts';
import { isAbsent } from '../../src/mode/waiting.ts';
import { ask } from '../end-to-end/client.ts';
import type { Origin } from '../end-to-end/origin.ts';
import { startOrigin } from '../end-to-end/origin.ts';
import { startWith, withAppliance, withFolder } from '../end-to-end/with-appliance.ts';

let origin: Origin;
beforeAll(async () => {
  origin = await startOrigin();
});
afterAll(() => origin.stop());

const url = (): string => `http://localhost:${origin.httpPort}/a`;

function variables(folder: string, more: Readonly<Record<string, string>>) {
  return {
    MAGNETO_MODE: 'replay',
    MAGNETO_CASSETTE_DIR: folder,
    MAGNETO_CERT_DIR: join(folder, 'certs'),
    ...more,
  };
}

describe.each([
  ['replay', {}],
  ['auto', { CI: 'true' }],
])('%s that waits for its cassette', (mode, more) => {
  const waiting = (folder: string) =>
    variables(folder, { MAGNETO_MODE: mode, MAGNETO_CASSETTE_WAIT: 'true', ...more });

  test('is ready without it, misses what comes, and opens it when it is there', async () => {
    await withFolder(async (folder) => {
      await withAppliance(
        variables(folder, { MAGNETO_MODE: 'record', MAGNETO_CASSETTE_NAME: 'later' }),
        async ({ via }) => {
          await ask(via, { url: url() });
        },
      );
      const before = origin.saw();
      const { receipt, exitStatus } = await withAppliance(waiting(folder), async (running) => {
        expect(running.appliance.status()).toMatchObject({ ready: true, interactions: 0 });
        const early = await ask(running.via, { url: url() });
        expect(early.status).toBe(502);
        expect(early.headers).toContain('CASSETTE_NOT_FOUND');
        await copyFile(join(folder, 'later.json'), join(folder, 'default.json'));
        const answers = await Promise.all([1, 2].map(() => ask(running.via, { url: url() })));
        expect(answers.map(({ status }) => status)).toEqual([200, 200]);
        expect(running.appliance.status()).toMatchObject({ ready: true, interactions: 1 });
      });
      expect(origin.saw()).toBe(before);
      expect(receipt).toMatchObject({ loaded: 1, served: 2, repeated: 1, missed: 1, liveCalls: 0 });
      expect(exitStatus).toBe(3);
    });
  });
});

test('a cassette that came and cannot be read is told of, and looked at anew', async () => {
  await withFolder(async (folder) => {
    const running = await startWith(variables(folder, { MAGNETO_CASSETTE_WAIT: 'true' }));
    await writeFile(join(folder, 'default.json'), '{"version":');
    const torn = await ask(running.via, { url: url() });
    expect(torn.headers).toContain('CASSETTE_CORRUPT');
    await writeFile(
      join(folder, 'default.json'),
      '{"version":"2.0","name":"default","recordedAt":"2026-01-01T00:00:00.000Z","interactions":[]}',
    );
    const whole = await ask(running.via, { url: url() });
    expect(whole.headers).toContain('NO_MATCHING_INTERACTION');
    await running.appliance.stop();
  });
});

test('without waiting, a missing cassette is an error at the start', async () => {
  await withFolder(async (folder) => {
    await expect(startWith(variables(folder, {}))).rejects.toMatchObject({
      code: 'CASSETTE_NOT_FOUND',
    });
  });
});

test('a torn cassette at the start is one too, waiting or not', async () => {
  await withFolder(async (folder) => {
    await writeFile(join(folder, 'default.json'), '{"version":');
    const start = startWith(variables(folder, { MAGNETO_CASSETTE_WAIT: 'true' }));
    await expect(start).rejects.toMatchObject({ code: 'CASSETTE_CORRUPT' });
  });
});

test('only a cassette that is not there is waited for', () => {
  expect(isAbsent(new Failure('CASSETTE_NOT_FOUND', 'x'))).toBe(true);
  expect(isAbsent(new Failure('CASSETTE_CORRUPT', 'x'))).toBe(false);
  expect(isAbsent(new Error('x'))).toBe(false);
});
