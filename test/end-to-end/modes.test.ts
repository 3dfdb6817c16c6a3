import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Via } from './client.ts';
import { ask, talk } from './client.ts';
import type { Origin } from './origin.ts';
import { startOrigin } from './origin.ts';
import { startWith, withAppliance, withFolder } from './with-appliance.ts';

type Protocol = 'HTTP' | 'HTTPS' | 'WebSocket';
type Standing = 'nothing' | 'unfinished' | 'complete' | 'complete and unfinished';

let origin: Origin;
beforeAll(async () => {
  origin = await startOrigin();
});
afterAll(() => origin.stop());

/** One exchange; its answer holds the origin's running number, so a replay is told from a live call. */
async function exchange(protocol: Protocol, via: Via, path = '/a'): Promise<string> {
  switch (protocol) {
    case 'HTTP':
      return text(await ask(via, { url: `http://localhost:${origin.httpPort}${path}` }));
    case 'HTTPS':
      return text(await ask(via, { url: `https://localhost:${origin.httpsPort}${path}` }));
    case 'WebSocket': {
      const session = await talk(via, `ws://localhost:${origin.httpPort}${path}`, ['x']);
      return session.got.join('|');
    }
  }
}

function text(told: { readonly status: number; readonly body: Buffer }): string {
  if (told.status !== 200) throw new Error(`status ${told.status}`);
  return told.body.toString();
}

function variables(folder: string, mode: string, more: Record<string, string> = {}) {
  return {
    MAGNETO_MODE: mode,
    MAGNETO_CASSETTE_DIR: folder,
    MAGNETO_CERT_DIR: join(folder, 'certs'),
    MAGNETO_UPSTREAM_CA: origin.caFile,
    MAGNETO_UPSTREAM_INSECURE_HOSTS: '',
    ...more,
  };
}

/** Brings a standing about by real takes: one ended in order, one left as a crash leaves it. */
async function prepare(folder: string, protocol: Protocol, standing: Standing): Promise<string> {
  let recorded = '';
  if (standing.startsWith('complete')) {
    await withAppliance(variables(folder, 'record'), async ({ via }) => {
      recorded = await exchange(protocol, via);
    });
  }
  if (standing.endsWith('unfinished')) {
    const running = await startWith(
      variables(folder, 'record', { MAGNETO_CASSETTE_NAME: 'crashed' }),
    );
    const crashed = await exchange(protocol, running.via, standing === 'unfinished' ? '/a' : '/b');
    // The log as it stands while the take runs is what a kill leaves behind.
    await writeFile(join(folder, 'kept.wal'), await logOf(folder));
    await running.appliance.stop();
    await rename(join(folder, 'kept.wal'), join(folder, 'default.wal'));
    if (standing === 'unfinished') recorded = crashed;
  }
  return recorded;
}

async function logOf(folder: string): Promise<Buffer> {
  return readFile(join(folder, 'crashed.wal'));
}

const protocols: readonly Protocol[] = ['HTTP', 'HTTPS', 'WebSocket'];
const standings: readonly Standing[] = [
  'nothing',
  'unfinished',
  'complete',
  'complete and unfinished',
];

/** What each mode does with the recorded request: answers from the cassette, or lets it through (and keeps it, or not). */
const table: Readonly<
  Record<string, Readonly<Record<Standing, 'replays' | 'records' | 'passes' | 'fails'>>>
> = {
  auto: {
    nothing: 'records',
    unfinished: 'records',
    complete: 'replays',
    'complete and unfinished': 'replays',
  },
  record: {
    nothing: 'records',
    unfinished: 'records',
    complete: 'records',
    'complete and unfinished': 'records',
  },
  replay: {
    nothing: 'fails',
    unfinished: 'replays',
    complete: 'replays',
    'complete and unfinished': 'replays',
  },
  hybrid: {
    nothing: 'records',
    unfinished: 'replays',
    complete: 'replays',
    'complete and unfinished': 'replays',
  },
  passthrough: {
    nothing: 'passes',
    unfinished: 'passes',
    complete: 'passes',
    'complete and unfinished': 'passes',
  },
};

describe.each(protocols)('%s, what stands on disk when it opens', (protocol) => {
  for (const [mode, cells] of Object.entries(table)) {
    test.each(standings)(`${mode} with %s`, async (standing) => {
      await withFolder(async (folder) => {
        const recorded = await prepare(folder, protocol, standing);
        const expected = cells[standing];
        if (expected === 'fails') {
          await expect(startWith(variables(folder, mode))).rejects.toMatchObject({
            code: 'CASSETTE_NOT_FOUND',
          });
          return;
        }
        const before = origin.saw();
        let got = '';
        const { receipt } = await withAppliance(variables(folder, mode), async ({ via }) => {
          got = await exchange(protocol, via);
        });
        if (expected === 'replays') expect(got).toBe(recorded);
        expect(origin.saw() - before).toBe(expected === 'replays' ? 0 : 1);
        expect(receipt.served).toBe(expected === 'replays' ? 1 : 0);
        expect(receipt.recorded).toBe(expected === 'records' ? 1 : 0);
        expect(receipt.liveCalls).toBe(expected === 'replays' ? 0 : 1);
        expect(receipt.unfinished).toBe(
          expected === 'replays' && standing === 'unfinished' && mode === 'replay',
        );
        if (expected !== 'records') return;
        // What was recorded is what the next run replays.
        await withAppliance(variables(folder, 'replay'), async ({ via }) => {
          expect(await exchange(protocol, via)).toBe(got);
        });
      });
    });
  }
});

describe.each(protocols)('%s, on a miss', (protocol) => {
  const missing = '/never-recorded';
  test.each([
    ['auto', 'fail', 'misses'],
    ['auto', 'passthrough', 'passes'],
    ['auto', 'record', 'records'],
    ['replay', 'fail', 'misses'],
    ['replay', 'passthrough', 'passes'],
    ['replay', 'record', 'records'],
    ['hybrid', 'fail', 'records'],
    ['hybrid', 'passthrough', 'records'],
    ['hybrid', 'record', 'records'],
    ['record', 'fail', 'records'],
    ['record', 'passthrough', 'records'],
    ['record', 'record', 'records'],
    ['passthrough', 'fail', 'passes'],
    ['passthrough', 'passthrough', 'passes'],
    ['passthrough', 'record', 'passes'],
  ])('%s with MAGNETO_ON_MISS=%s %s', async (mode, onMiss, does) => {
    await withFolder(async (folder) => {
      await prepare(folder, protocol, 'complete');
      const before = origin.saw();
      const settings = variables(folder, mode, { MAGNETO_ON_MISS: onMiss });
      const { receipt, exitStatus } = await withAppliance(settings, async ({ via }) => {
        const asked = exchange(protocol, via, missing);
        if (does === 'misses') await expect(asked).rejects.toThrow('502');
        else await expect(asked).resolves.toMatch(/\d/);
      });
      expect(origin.saw() - before).toBe(does === 'misses' ? 0 : 1);
      expect(receipt.missed).toBe(does === 'misses' ? 1 : 0);
      expect(receipt.recorded).toBe(does === 'records' ? 1 : 0);
      expect(exitStatus).toBe(does === 'misses' ? 3 : 0);
    });
  });
});

describe('auto under CI', () => {
  test.each(['nothing', 'unfinished'] as const)(
    'refuses to record with %s on disk',
    async (standing) => {
      await withFolder(async (folder) => {
        await prepare(folder, 'HTTP', standing);
        await expect(startWith(variables(folder, 'auto', { CI: 'true' }))).rejects.toMatchObject({
          code: 'RECORDING_REFUSED_IN_CI',
        });
      });
    },
  );
});
