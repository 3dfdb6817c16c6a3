import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { until } from '../mode/harness.ts';
import { askRaw } from './raw-client.ts';
import { startRawOrigin } from './raw-origin.ts';
import { modeIn, startWith, withAppliance, withFolder } from './with-appliance.ts';

const size = 600_000;

test('a body file that goes missing or is changed while it is replayed is told to the client and in the log', async () => {
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`;
  const origin = await startRawOrigin((_request, socket) =>
    socket.write(Buffer.concat([Buffer.from(head), Buffer.alloc(size, 'x')])),
  );
  const request = `GET http://localhost:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
  await withFolder(async (folder) => {
    const settings = { ...modeIn(folder, 'record'), MAGNETO_BODY_FILE_BYTES: '1000' };
    await withAppliance(settings, async ({ via }) => {
      expect((await askRaw(via.proxyPort, request)).body).toHaveLength(size);
    });
    await origin.stop();
    const bodies = join(folder, 'cassettes', 'default.bodies');
    const [name = ''] = await readdir(bodies);
    const path = join(bodies, name);
    const content = await readFile(path);

    const { appliance, via, log } = await startWith(modeIn(folder, 'replay'));
    const codes = () => log.flatMap(({ code }) => (code === undefined ? [] : [code]));
    await rm(path);
    const missing = await askRaw(via.proxyPort, request);
    expect(missing.head).toMatch(/^HTTP\/1\.1 502 /);
    expect(missing.head).toContain('X-Magneto-Failure: CASSETTE_BODY_MISSING');
    expect(missing.body.toString()).toContain(path);

    await writeFile(path, Buffer.alloc(size, 'y'));
    const changed = await askRaw(via.proxyPort, request);
    expect(changed.head).toMatch(/^HTTP\/1\.1 200 /);
    expect(changed.ended).not.toBe('whole');
    expect(changed.body.length).toBeLessThan(size);
    await until(() => appliance.receipt().failed === 2, 'the second failure');
    expect(codes()).toEqual(expect.arrayContaining(['CASSETTE_BODY_MISSING', 'CASSETTE_CORRUPT']));

    await writeFile(path, content);
    expect((await askRaw(via.proxyPort, request)).body.equals(content)).toBe(true);
    expect(appliance.receipt()).toMatchObject({ failed: 2, liveCalls: 0, missed: 0 });
    await appliance.stop();
  });
});
