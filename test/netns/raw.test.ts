import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { logLines } from '../end-to-end/child.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';
import type { Namespace } from './namespaces.ts';
import { capturesWith, withNamespaces } from './namespaces.ts';
import type { Installed } from './transparent.ts';
import { endAll, install, joinWorld, ran, serve, startWorld, uid, within } from './transparent.ts';

const there = capturesWith('python3', 'openssl');

/** What a server says to something; or what one says that speaks first. */
const talk = `
import socket, sys
host, port, said = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
s = socket.create_connection((host, port), 5)
s.settimeout(5)
if said: s.sendall(said)
print(s.recv(100).decode().strip())`;

async function visit(app: Namespace, installed: Installed): Promise<readonly string[]> {
  const as = within(app, installed, { user: 0, gid: 0 });
  const heard: string[] = [];
  for (const [port, said] of [
    ['7007', 'ping?'],
    ['2525', ''],
    ['7007', 'pong?'],
  ] as const) {
    heard.push(await ran([...as, 'python3', '-c', talk, 'four.test', port, said]));
  }
  return heard;
}

afterEach(endAll);

describeWhere(there, 'raw streams of an application that knows nothing of a proxy', () => {
  test('are recorded by name, and replayed when the world is gone', async () => {
    await withFolder(async (folder) => {
      await withNamespaces(2, async (app, world) => {
        const installed = await install(folder);
        await joinWorld(app, world);
        const origin = await startWorld(world, folder);
        const { node, bundle } = installed;
        const apply = ['rules', 'apply', '--uid', String(uid), '--ports', '2525,7007'];
        expect(await ran([...app.through, node, bundle, ...apply])).toMatch(/^rules applied/);
        const variables = { MAGNETO_TRANSPARENT: 'true', MAGNETO_RAW: 'record' };

        const recording = await serve(app, installed, { ...variables, MAGNETO_MODE: 'record' });
        const live = await visit(app, installed);
        expect(live).toEqual(['ping?\n', '220 server speaks first\n', 'pong?\n']);
        await recording.stop();
        await origin.stop();
        const cassette = await readFile(join(folder, 'cassettes', 'default.json'), 'utf8');
        expect(cassette).toContain('"tcp://four.test:7007"');
        expect(cassette).toContain('"tcp://four.test:2525"');

        const replaying = await serve(app, installed, { ...variables, MAGNETO_MODE: 'replay' });
        expect(await visit(app, installed)).toEqual(live);
        const ended = await replaying.stop();
        expect(logLines(ended.stdout).at(-1)?.['receipt']).toMatchObject({
          streams: 3,
          missed: 0,
          unused: 0,
          liveCalls: 0,
        });
        expect(ended.status).toBe(0);
      });
    });
  }, 120_000);
});
