import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ask } from './end-to-end/client.ts';
import type { Origin } from './end-to-end/origin.ts';
import { portOf, startOrigin } from './end-to-end/origin.ts';
import { startWith, withAppliance, withFolder } from './end-to-end/with-appliance.ts';

let origin: Origin;
beforeAll(async () => {
  origin = await startOrigin();
});
afterAll(() => origin.stop());

function variables(folder: string, more: Readonly<Record<string, string>>) {
  return { MAGNETO_CASSETTE_DIR: folder, MAGNETO_CERT_DIR: join(folder, 'certs'), ...more };
}

async function record(folder: string, more: Readonly<Record<string, string>> = {}) {
  return withAppliance(variables(folder, { MAGNETO_MODE: 'record', ...more }), async ({ via }) => {
    await ask(via, { url: `http://localhost:${origin.httpPort}/a` });
  });
}

describe('an appliance that cannot start', () => {
  test('leaves the complete cassette as it was, and no log', async () => {
    await withFolder(async (folder) => {
      await record(folder);
      const before = await readFile(join(folder, 'default.json'));
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const start = startWith(
        variables(folder, { MAGNETO_MODE: 'record', MAGNETO_PORT: String(portOf(taken)) }),
      );
      await expect(start).rejects.toMatchObject({ code: 'PORT_TAKEN' });
      taken.close();
      expect(await readFile(join(folder, 'default.json'))).toEqual(before);
      expect(await readdir(folder)).toEqual(['certs', 'default.json']);
    });
  });

  test('frees its ports for the next one', async () => {
    await withFolder(async (folder) => {
      const control = createServer().listen(0, '127.0.0.1');
      await once(control, 'listening');
      const ports = {
        MAGNETO_CONTROL_HOST: '127.0.0.1',
        MAGNETO_CONTROL_PORT: String(portOf(control)),
      };
      await expect(startWith(variables(folder, ports))).rejects.toMatchObject({
        code: 'PORT_TAKEN',
      });
      control.close();
      await once(control, 'close');
      await withAppliance(variables(folder, ports), async ({ appliance }) => {
        expect(appliance.status().ready).toBe(true);
      });
    });
  });
});

describe('a take without an interaction', () => {
  test('of auto leaves nothing behind, so that the next run records', async () => {
    await withFolder(async (folder) => {
      await withAppliance(variables(folder, { MAGNETO_MODE: 'auto' }), async () => {});
      expect(await readdir(folder)).toEqual(['certs']);
    });
  });

  test('does not take the place of a cassette that holds something', async () => {
    await withFolder(async (folder) => {
      await record(folder);
      const before = await readFile(join(folder, 'default.json'));
      await withAppliance(variables(folder, { MAGNETO_MODE: 'record' }), async () => {});
      expect(await readFile(join(folder, 'default.json'))).toEqual(before);
    });
  });

  test('of record is an empty cassette where there was none', async () => {
    await withFolder(async (folder) => {
      await withAppliance(variables(folder, { MAGNETO_MODE: 'record' }), async () => {});
      const { receipt } = await withAppliance(
        variables(folder, { MAGNETO_MODE: 'replay' }),
        async () => {},
      );
      expect(receipt.loaded).toBe(0);
    });
  });
});

describe('an appliance that stops', () => {
  test('gives one receipt, however often it is asked to', async () => {
    await withFolder(async (folder) => {
      const { appliance, via } = await startWith(variables(folder, { MAGNETO_MODE: 'record' }));
      await ask(via, { url: `http://localhost:${origin.httpPort}/a` });
      const [first, second] = await Promise.all([appliance.stop(), appliance.stop()]);
      expect(second).toBe(first);
      expect(first.receipt).toMatchObject({ recorded: 1, liveCalls: 1 });
      expect(first.exitStatus).toBe(0);
    });
  });

  test('says that it is stopping while it does', async () => {
    await withFolder(async (folder) => {
      const { appliance } = await startWith(variables(folder, {}));
      const stopping = appliance.stop();
      expect(appliance.status()).toMatchObject({ ready: false, reason: 'stopping' });
      await stopping;
    });
  });

  test('does not wait for idle connections', async () => {
    await withFolder(async (folder) => {
      const { appliance, via } = await startWith(variables(folder, {}));
      const socket = connect(via.proxyPort, '127.0.0.1');
      const authority = `localhost:${origin.httpPort}`;
      socket.write(`GET http://${authority}/a HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
      await once(socket, 'data');
      const closed = once(socket, 'close');
      socket.resume();
      const startedAt = performance.now();
      await appliance.stop();
      await closed;
      expect(performance.now() - startedAt).toBeLessThan(900);
    });
  });
});

test('a cassette whose log is damaged behind its head is served up to there, and the warning names it', async () => {
  await withFolder(async (folder) => {
    const { appliance, via } = await startWith(variables(folder, { MAGNETO_MODE: 'record' }));
    await ask(via, { url: `http://localhost:${origin.httpPort}/a` });
    const log = await readFile(join(folder, 'default.wal'));
    await appliance.stop();
    await writeFile(join(folder, 'torn.wal'), Buffer.concat([log, Buffer.from('torn')]));
    const torn = variables(folder, { MAGNETO_MODE: 'replay', MAGNETO_CASSETTE_NAME: 'torn' });
    const running = await startWith(torn);
    await ask(running.via, { url: `http://localhost:${origin.httpPort}/a` });
    const { receipt } = await running.appliance.stop();
    expect(receipt).toMatchObject({ loaded: 1, served: 1, unfinished: true });
    const said = running.log.map(({ msg }) => String(msg)).join('\n');
    expect(said).toContain('torn.wal');
  });
});
