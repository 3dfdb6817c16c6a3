import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ask } from './client.ts';
import { startOrigin } from './origin.ts';
import { modeIn, startWith, withFolder } from './with-appliance.ts';
import type { Running } from './with-appliance.ts';

// On Linux each address of 127.0.0.0/8 is this machine's, so that clients can be told apart.
const addresses = { web: '127.1.0.5', jobs: '127.2.0.9', alias: '127.0.0.1', other: '127.3.0.1' };
const clients = `web=${addresses.web},night/jobs=127.2.0.0/16,alias=localhost`;

interface Cassette {
  readonly interactions: readonly { readonly request: { readonly url: string } }[];
}

async function recorded(folder: string, name: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, 'cassettes', `${name}.json`), 'utf8');
  const { interactions } = JSON.parse(text) as Cassette;
  return interactions.map(({ request }) => new URL(request.url).pathname);
}

/** Each client asks for something that all ask for, then for something of its own, over HTTP and HTTPS; bodies, as told. */
async function everyone(
  { via }: Running,
  ports: { readonly httpPort: number; readonly httpsPort: number },
): Promise<Readonly<Record<string, readonly string[]>>> {
  const told: Record<string, string[]> = {};
  for (const [who, from] of Object.entries(addresses)) {
    told[who] = [];
    for (const url of [
      `http://localhost:${ports.httpPort}/same`,
      `https://localhost:${ports.httpsPort}/${who}`,
    ]) {
      const { status, body } = await ask({ ...via, from }, { url });
      told[who].push(`${status} ${body.toString()}`);
    }
  }
  return told;
}

describe('clients with cassettes of their own', () => {
  test('are recorded apart, through CONNECT and TLS, and replayed apart', async () => {
    await withFolder(async (folder) => {
      const origin = await startOrigin();
      const common = { ...modeIn(folder, 'auto'), MAGNETO_CLIENTS: clients };
      const recording = await startWith({ ...common, MAGNETO_UPSTREAM_CA: origin.caFile });
      const live = await everyone(recording, origin);
      expect(recording.appliance.status().sessions).toMatchObject({
        default: { acts: 'record', interactions: 2 },
        'night/jobs': { acts: 'record', interactions: 2 },
      });
      const ended = await recording.appliance.stop();
      await origin.stop();
      expect(ended.exitStatus).toBe(0);
      expect(ended.receipt).toMatchObject({ recorded: 8, liveCalls: 8 });
      for (const [name, who] of [
        ['default', 'other'],
        ['web', 'web'],
        ['night/jobs', 'jobs'],
        ['alias', 'alias'],
      ] as const) {
        expect(await recorded(folder, name)).toEqual(['/same', `/${who}`]);
        expect(ended.receipt.sessions?.[name]).toMatchObject({ recorded: 2, mode: 'record' });
      }

      const replaying = await startWith(common);
      expect(await everyone(replaying, origin)).toEqual(live);
      // What another client recorded is not for this one.
      const stolen = { url: `https://localhost:${origin.httpsPort}/jobs` };
      expect((await ask({ ...replaying.via, from: addresses.web }, stolen)).status).toBe(502);
      const { receipt, exitStatus } = await replaying.appliance.stop();
      expect(receipt).toMatchObject({ served: 8, missed: 1, liveCalls: 0, loaded: 8, unused: 0 });
      expect(receipt.sessions).toMatchObject({
        web: { served: 2, missed: 1 },
        'night/jobs': { served: 2, missed: 0 },
      });
      expect(exitStatus).toBe(3);
      const lines = replaying.log.filter(({ msg }) => msg === 'exchange');
      const whose = lines.map(({ session }) => session).join(' ');
      expect(whose).toBe('web web night/jobs night/jobs alias alias default default web');
    });
  });

  test('may be recorded for the first time while others are replayed, in CI not by accident', async () => {
    await withFolder(async (folder) => {
      const origin = await startOrigin();
      const url = `http://localhost:${origin.httpPort}/a`;
      const run = async (env: Readonly<Record<string, string>>) => {
        const running = await startWith({ ...modeIn(folder, 'auto'), ...env });
        const answer = await ask({ ...running.via, from: addresses.web }, { url });
        return { answer, running };
      };
      const first = await run({ MAGNETO_CLIENTS: `web=${addresses.web}` });
      await first.running.appliance.stop();
      expect(await readdir(join(folder, 'cassettes'))).toEqual(['web.json']);
      expect(origin.saw()).toBe(1);

      const both = `web=${addresses.web},jobs=${addresses.jobs}`;
      await expect(
        startWith({ ...modeIn(folder, 'auto'), MAGNETO_CLIENTS: both, CI: 'true' }),
      ).rejects.toMatchObject({ code: 'RECORDING_REFUSED_IN_CI' });
      const mixed = await run({ MAGNETO_CLIENTS: both });
      await ask({ ...mixed.running.via, from: addresses.jobs }, { url });
      const { receipt } = await mixed.running.appliance.stop();
      expect(receipt.sessions).toMatchObject({
        web: { mode: 'replay', served: 1 },
        jobs: { mode: 'record', recorded: 1 },
      });
      expect(origin.saw()).toBe(2);

      // Everybody has one: that nobody recorded the shared cassette is no reason not to start.
      const inCi = await run({ MAGNETO_CLIENTS: both, CI: 'true' });
      expect(inCi.answer.status).toBe(200);
      const { via } = inCi.running;
      const stranger = await ask({ ...via, from: addresses.other }, { url });
      expect(stranger.body.toString()).toContain('CASSETTE_NOT_FOUND');
      expect((await inCi.running.appliance.stop()).exitStatus).toBe(3);
      await origin.stop();
    });
  });
});
