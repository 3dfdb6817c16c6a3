import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Failure, loadSettings, startAppliance } from '../src/index.ts';
import { ask } from './end-to-end/client.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'magneto-index-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function settingsFor(mode: string) {
  const { settings, warnings } = loadSettings({
    env: {
      MAGNETO_MODE: mode,
      MAGNETO_CASSETTE_DIR: folder,
      MAGNETO_CERT_DIR: join(folder, 'certs'),
      MAGNETO_HOST: '127.0.0.1',
      MAGNETO_PORT: '0',
      MAGNETO_CONTROL_PORT: '0',
    },
  });
  expect(warnings).toEqual([]);
  return settings;
}

/** One run in this process: asks for a URL, and gives the answer, the log and what stopping said. */
async function run(mode: string, url: string) {
  const lines: string[] = [];
  const settings = settingsFor(mode);
  const appliance = await startAppliance({ settings, log: (line) => void lines.push(line) });
  const proxyPort = appliance.addresses.proxy[0]?.port ?? 0;
  const told = await ask({ proxyPort, caFile: appliance.certificateFile }, { url });
  const during = appliance.receipt();
  return { told, lines, during, ...(await appliance.stop()) };
}

test('an appliance records within this process, and replays with the server gone', async () => {
  const server = createServer((_request, response) => response.end('as it was')).listen(0);
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}/`;
  const recorded = await run('record', url);
  server.close();
  await once(server, 'close');
  const replayed = await run('replay', url);
  expect(recorded.told.body.toString()).toBe('as it was');
  expect(replayed.told).toEqual(recorded.told);
  expect(recorded).toMatchObject({ exitStatus: 0, receipt: { recorded: 1 } });
  expect(replayed).toMatchObject({ exitStatus: 0, receipt: { served: 1, liveCalls: 0 } });
  expect(replayed.during.served).toBe(1);
  const messages = replayed.lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(messages).toContain('receipt');
});

test('without anyone to take the log it says nothing, and a start that fails has a code', async () => {
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    const starting = startAppliance({ settings: settingsFor('replay') });
    await expect(starting).rejects.toBeInstanceOf(Failure);
    await expect(starting).rejects.toMatchObject({ code: 'CASSETTE_NOT_FOUND' });
    expect(write).not.toHaveBeenCalled();
  } finally {
    write.mockRestore();
  }
});
