import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import type { Child } from './child.ts';
import { logLines, startMagneto } from './child.ts';
import { ask, plain } from './client.ts';
import type { Origin } from './origin.ts';
import { askOn } from './raw-client.ts';
import { startOrigin } from './origin.ts';
import { has } from './real-servers.ts';
import { modeIn, withFolder } from './with-appliance.ts';

let origin: Origin;
beforeAll(async () => {
  origin = await startOrigin();
});
afterAll(() => origin.stop());

interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks with curl, as somebody in a shell would. */
async function curl(...words: readonly string[]): Promise<Answered> {
  const child = spawn('curl', ['-sS', '-m', '10', '-w', '\n%{http_code}', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child, 'close');
  const [status = '', ...lines] = said.split('\n').toReversed();
  const body = lines.toReversed().join('\n');
  return { status: Number(status), body: JSON.parse(body) as Answered['body'] };
}

const quit = (magneto: Child, ...words: readonly string[]): Promise<Answered> =>
  curl('-X', 'POST', ...words, `http://127.0.0.1:${magneto.controlPort}/quit`);

const get = (magneto: Child, path: string) =>
  ask(magneto.via, { url: `http://localhost:${origin.httpPort}${path}` });

/** This machine, under an address that is not loopback. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

const there = { ok: has('curl'), reason: 'curl is missing' };

describeWhere(there, 'POST /quit', () => {
  test('ends the run as SIGTERM does, and tells before what it came to', async () => {
    await withFolder(async (folder) => {
      const recording = await startMagneto(modeIn(folder, 'record'));
      await get(recording, '/known');
      const recorded = await quit(recording);
      expect(recorded.status).toBe(200);
      expect(recorded.body).toMatchObject({
        exitStatus: 0,
        receipt: { mode: 'record', recorded: 1, unfinished: false },
      });
      const ran = await recording.exited;
      expect(ran.status).toBe(0);
      const log = logLines(ran.stdout);
      expect(log.find(({ msg }) => msg === 'stopping')).toMatchObject({ signal: 'POST /quit' });
      // What was told is what stands in the log, down to the last member.
      expect(log.at(-1)).toMatchObject({ msg: 'receipt', receipt: recorded.body['receipt'] });
      const cassette = await readFile(join(folder, 'cassettes', 'default.json'), 'utf8');
      expect((JSON.parse(cassette) as { interactions: unknown[] }).interactions).toHaveLength(1);
    });
  });

  test('a miss of a strict replay is in the answer, and in the status of the process', async () => {
    await withFolder(async (folder) => {
      const recording = await startMagneto(modeIn(folder, 'record'));
      await get(recording, '/known');
      await recording.stop();
      const replaying = await startMagneto(modeIn(folder, 'replay'));
      await get(replaying, '/unknown');
      const { status, body } = await quit(replaying);
      expect(status).toBe(200);
      expect(body).toMatchObject({ exitStatus: 3, receipt: { served: 0, missed: 1, unused: 1 } });
      expect((await replaying.exited).status).toBe(3);
    });
  });

  test('a second one, or a signal, that comes with it changes nothing', async () => {
    await withFolder(async (folder) => {
      const magneto = await startMagneto(modeIn(folder, 'record'));
      // A request that is not whole keeps it from ending at once.
      const idle = await plain(magneto.via);
      idle.on('error', () => {});
      idle.write(`GET http://localhost:${origin.httpPort}/ HTTP/1.1\r\n`);
      await sleep(50);
      // Both are connected before either asks: the control plane may be gone a moment later.
      const proxyPort = magneto.controlPort;
      const sockets = [await plain({ proxyPort }), await plain({ proxyPort })];
      const asked = 'POST /quit HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n';
      const going = sockets.map((socket) => askOn(socket, asked));
      for (let tries = 0; tries < 500 && !magneto.stdout().includes('"stopping"'); tries += 1) {
        await sleep(10);
      }
      magneto.process.kill('SIGTERM');
      const [one, other] = (await Promise.all(going)).map(({ body }) => body.toString());
      expect(JSON.parse(one ?? '')).toMatchObject({ exitStatus: 0 });
      expect(other).toBe(one);
      expect((await magneto.exited).status).toBe(0);
      idle.destroy();
    });
  });

  test('takes the token of a file, and no other', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'token');
      await writeFile(file, 'let-me-in\n');
      const magneto = await startMagneto({
        ...modeIn(folder, 'record'),
        MAGNETO_CONTROL_TOKEN_FILE: file,
        MAGNETO_LOG_LEVEL: 'trace',
      });
      for (const words of [[], ['-H', 'Authorization: Bearer other']]) {
        expect(await quit(magneto, ...words)).toMatchObject({
          status: 401,
          body: { code: 'CONTROL_TOKEN_WRONG' },
        });
      }
      expect((await magneto.control('/receipt')).status).toBe(200);
      const { status } = await quit(magneto, '-H', 'Authorization: Bearer let-me-in');
      expect(status).toBe(200);
      const ran = await magneto.exited;
      expect(ran.status).toBe(0);
      expect(ran.stdout + ran.stderr).not.toContain('let-me-in');
    });
  });

  test('is refused to pages, whatever they claim', async () => {
    await withFolder(async (folder) => {
      const magneto = await startMagneto(modeIn(folder, 'record'));
      const code = async (...words: readonly string[]): Promise<unknown> => {
        const { status, body } = await quit(magneto, ...words);
        return `${status} ${String(body['code'])}`;
      };
      expect(await code('-H', 'Host: evil.example')).toBe('403 CONTROL_HOST_UNKNOWN');
      expect(await code('-H', 'Origin: http://evil.example')).toBe('403 CONTROL_ORIGIN_REFUSED');
      expect(await code('-H', 'Origin: null')).toBe('403 CONTROL_ORIGIN_REFUSED');
      const page = `http://127.0.0.1:${magneto.controlPort}/receipt`;
      expect((await curl('-H', 'Host: evil.example', page)).status).toBe(403);
      expect((await curl('-H', 'Host: magneto:8889', page)).status).toBe(200);
      expect((await magneto.stop()).status).toBe(0);
    });
  });
});

describeWhere(
  { ok: there.ok && outside !== undefined, reason: 'curl, and an address beyond loopback' },
  'POST /quit from beyond loopback',
  () => {
    const variables = (folder: string) => ({
      ...modeIn(folder, 'record'),
      MAGNETO_CONTROL_HOST: '0.0.0.0',
      MAGNETO_ALLOW_CLIENTS: `${outside}/32`,
    });
    const quitFromOutside = ({ controlPort }: Child, ...words: readonly string[]) =>
      curl('-X', 'POST', ...words, `http://${outside}:${controlPort}/quit`);

    test('is refused without a token, in words that name the variable', async () => {
      await withFolder(async (folder) => {
        const magneto = await startMagneto(variables(folder));
        const refused = await quitFromOutside(magneto);
        expect(refused).toMatchObject({ status: 403, body: { code: 'CONTROL_TOKEN_UNSET' } });
        expect(String(refused.body['detail'])).toContain('MAGNETO_CONTROL_TOKEN');
        // Whoever is inside may.
        expect((await quit(magneto)).status).toBe(200);
        expect((await magneto.exited).status).toBe(0);
      });
    });

    test('is granted with the token', async () => {
      await withFolder(async (folder) => {
        const token = { MAGNETO_CONTROL_TOKEN: 'let-me-in' };
        const magneto = await startMagneto({ ...variables(folder), ...token });
        expect((await quitFromOutside(magneto)).status).toBe(401);
        const granted = await quitFromOutside(magneto, '-H', 'Authorization: Bearer let-me-in');
        expect(granted).toMatchObject({ status: 200, body: { exitStatus: 0 } });
        expect((await magneto.exited).status).toBe(0);
      });
    });
  },
);

describeWhere(there, 'the script of docs/DOCKER.md that fails a job on a miss', () => {
  /** Runs the script as it stands there, with other tests and another magneto. */
  async function runTests(magneto: Child, tests: string, folder: string): Promise<number> {
    const page = await readFile('docs/DOCKER.md', 'utf8');
    const script = /```sh\n(# run-tests\.sh\n[^`]*)```/.exec(page)?.[1] ?? '';
    expect(script).toContain('npm test ||');
    const words = script
      .replace('npm test', `sh -c '${tests}'`)
      .replace('http://magneto:8889', `http://127.0.0.1:${magneto.controlPort}`);
    const child = spawn('sh', ['-c', words], { cwd: folder, stdio: 'ignore' });
    const [status] = (await once(child, 'close')) as [number];
    return status;
  }

  test.each([
    ['/known', 'true', 0],
    ['/unknown', 'true', 3],
    ['/unknown', 'exit 5', 5],
    ['/known', 'exit 5', 5],
  ])('%s is asked for, and the tests are "%s": %d', async (path, tests, expected) => {
    await withFolder(async (folder) => {
      const recording = await startMagneto(modeIn(folder, 'record'));
      await get(recording, '/known');
      await recording.stop();
      const replaying = await startMagneto(modeIn(folder, 'replay'));
      await get(replaying, path);
      expect(await runTests(replaying, tests, folder)).toBe(expected);
      expect((await replaying.exited).status).toBe(path === '/known' ? 0 : 3);
    });
  });

  test('fails where magneto cannot be asked', async () => {
    await withFolder(async (folder) => {
      const magneto = await startMagneto(modeIn(folder, 'record'));
      await magneto.stop();
      await writeFile(join(folder, 'receipt.json'), '{"exitStatus":0}');
      expect(await runTests(magneto, 'true', folder)).toBe(3);
    });
  });
});
