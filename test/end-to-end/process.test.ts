import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import { freePort, logLines, runMagneto, spawnMagneto, startMagneto } from './child.ts';
import type { Via } from './client.ts';
import { ask, talk } from './client.ts';
import type { Origin } from './origin.ts';
import { startOrigin } from './origin.ts';
import { has } from './real-servers.ts';
import { modeIn, withFolder } from './with-appliance.ts';

let origin: Origin;
beforeAll(async () => {
  origin = await startOrigin();
});
afterAll(() => origin.stop());

const get = (via: Via, path: string) =>
  ask(via, { url: `http://localhost:${origin.httpPort}${path}` });

describeWhere({ ok: has('curl'), reason: 'curl is missing' }, 'the start screen', () => {
  test('says where everything is, and its lines to copy work as they stand', async () => {
    await withFolder(async (parent) => {
      const folder = join(parent, "a folder of Ann's");
      const magneto = await startMagneto({
        ...modeIn(folder, 'auto'),
        MAGNETO_UPSTREAM_CA: origin.caFile,
      });
      // It is ready a moment before it says so.
      for (let tries = 0; tries < 500 && !magneto.stderr().endsWith('/receipt\n\n'); tries += 1) {
        await sleep(10);
      }
      const screen = magneto.stderr();
      expect(screen).toMatch(
        new RegExp(`proxy +http://127\\.0\\.0\\.1:${magneto.via.proxyPort}\\n`),
      );
      expect(screen).toMatch(
        new RegExp(`control +http://127\\.0\\.0\\.1:${magneto.controlPort}\\n`),
      );
      expect(screen).toMatch(/mode +auto \(now: record\)\n/);
      expect(screen).toContain(`${join(folder, 'cassettes', 'default.json')} (0 interactions)\n`);
      expect(screen).toContain(`${join(folder, 'certs', 'ca.pem')}\n`);

      const lines = screen.split('\n').map((line) => line.trim());
      const commands = lines.filter((line) => line.startsWith('curl '));
      expect(commands).toHaveLength(2);
      const [through = '', receipt = ''] = commands;
      const here = `https://localhost:${origin.httpsPort}/curl`;
      expect(await run(through.replace('https://example.com/', here))).toMatch(/"path":"\/curl"/);
      expect(JSON.parse(await run(receipt))).toMatchObject({ mode: 'auto', recorded: 1 });
      expect((await magneto.stop()).status).toBe(0);
    });
  });
});

/** Runs a line in a shell, as somebody who copied it. */
async function run(line: string): Promise<string> {
  const child = spawn('sh', ['-c', `${line} --silent --show-error`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await once(child, 'close');
  return said;
}

describe('the exit status', () => {
  test('is 0 when all went well, and 3 when a strict replay missed something', async () => {
    await withFolder(async (folder) => {
      const recording = await startMagneto(modeIn(folder, 'record'));
      await get(recording.via, '/known');
      expect((await recording.stop('SIGINT')).status).toBe(0);
      for (const [onMiss, path, status] of [
        ['fail', '/known', 0],
        ['fail', '/unknown', 3],
        ['passthrough', '/unknown', 0],
      ] as const) {
        const replaying = await startMagneto({
          ...modeIn(folder, 'replay'),
          MAGNETO_ON_MISS: onMiss,
        });
        await get(replaying.via, path);
        const ran = await replaying.stop();
        expect([onMiss, path, ran.status]).toEqual([onMiss, path, status]);
      }
    });
  });

  test('a second signal ends it at once', async () => {
    await withFolder(async (folder) => {
      const magneto = await startMagneto(modeIn(folder, 'record'));
      const idle = createConnection(magneto.via.proxyPort, '127.0.0.1');
      // A process that ends at once resets it.
      idle.on('error', () => {});
      idle.write(`GET http://localhost:${origin.httpPort}/ HTTP/1.1\r\n`);
      await once(idle, 'connect');
      await sleep(50);
      magneto.process.kill('SIGTERM');
      for (let tries = 0; tries < 500 && !magneto.stdout().includes('"stopping"'); tries += 1) {
        await sleep(10);
      }
      magneto.process.kill('SIGTERM');
      const { status } = await magneto.exited;
      expect([0, 143]).toContain(status);
      idle.destroy();
    });
  });
});

describe('the log', () => {
  test('is JSON, with one line an exchange and the receipt at the end', async () => {
    await withFolder(async (folder) => {
      const magneto = await startMagneto({
        ...modeIn(folder, 'record'),
        MAGNETO_UPSTREAM_CA: origin.caFile,
      });
      await get(magneto.via, '/plain?key=value');
      await ask(magneto.via, {
        url: `https://localhost:${origin.httpsPort}/secure`,
        method: 'POST',
        body: 'four',
      });
      await talk(magneto.via, `ws://localhost:${origin.httpPort}/socket`, ['x']);
      const { stdout } = await magneto.stop();
      const written = stdout.trimEnd().split('\n');
      const log = logLines(stdout);
      expect(log).toHaveLength(written.length);
      expect(log[0]).toMatchObject({ level: 'info', msg: 'serving' });
      expect(log.at(-1)).toMatchObject({ msg: 'receipt', receipt: { recorded: 3, liveCalls: 3 } });
      const exchanges = log.filter(({ msg }) => msg === 'exchange');
      expect(exchanges).toHaveLength(3);
      expect(exchanges[0]).toMatchObject({
        id: expect.any(String),
        mode: 'record',
        outcome: 'recorded',
        method: 'GET',
        host: 'localhost',
        path: '/plain?key=…',
        status: 200,
        ms: expect.any(Number),
        bytesIn: 0,
        bytesOut: expect.any(Number),
      });
      expect(exchanges[1]).toMatchObject({ method: 'POST', path: '/secure', bytesIn: 4 });
      expect(exchanges[2]).toMatchObject({ kind: 'websocket', status: 101 });
    });
  });

  test('has the headers at debug, and no bodies at trace either', async () => {
    await withFolder(async (folder) => {
      const magneto = await startMagneto({
        ...modeIn(folder, 'record'),
        MAGNETO_LOG_LEVEL: 'trace',
      });
      await ask(magneto.via, {
        url: `http://localhost:${origin.httpPort}/`,
        method: 'POST',
        headers: [['X-Seen', 'a header value']],
        body: 'the body of a request',
      });
      const { stdout } = await magneto.stop();
      expect(stdout).toContain('a header value');
      expect(stdout).toContain('"Content-Type","application/json"');
      expect(stdout).not.toContain('the body of a request');
    });
  });

  test('nobody reads it any longer: it goes on serving', async () => {
    await withFolder(async (folder) => {
      const magneto = await startMagneto(modeIn(folder, 'record'));
      magneto.process.stdout?.destroy();
      magneto.process.stderr?.destroy();
      await sleep(50);
      for (let at = 0; at < 20; at += 1) {
        expect((await get(magneto.via, `/${at}`)).status).toBe(200);
      }
      expect((await magneto.stop()).status).toBe(0);
      const cassette = await readFile(join(folder, 'cassettes', 'default.json'), 'utf8');
      expect((JSON.parse(cassette) as { interactions: unknown[] }).interactions).toHaveLength(20);
    });
  });
});

describe('the control port', () => {
  test('answers health, receipt, certificate and metrics', async () => {
    await withFolder(async (folder) => {
      const magneto = await startMagneto(modeIn(folder, 'record'));
      await get(magneto.via, '/one');
      expect(await magneto.control('/health')).toMatchObject({
        status: 200,
        body: { status: 'ready', mode: 'record', cassette: 'default', interactions: 1 },
      });
      const receipt = await magneto.control('/receipt');
      expect(receipt.body).toMatchObject({
        loaded: 0,
        served: 0,
        missed: 0,
        repeated: 0,
        unused: 0,
        recorded: 1,
        liveCalls: 1,
        unfinished: expect.any(Boolean),
      });
      expect(Object.keys(receipt.body)).toContain('cassetteDigest');
      const page = async (path: string): Promise<string> =>
        (await fetch(`http://127.0.0.1:${magneto.controlPort}${path}`)).text();
      const file = await readFile(magneto.via.caFile, 'utf8');
      expect(await page('/ca.pem')).toBe(file);
      const own = await ask(magneto.via, { url: 'http://magneto.local/ca.pem' });
      expect(own.body.toString()).toBe(file);
      const metrics = await page('/metrics');
      const names = [...metrics.matchAll(/^# TYPE (magneto_\w+)/gm)].map((match) =>
        String(match[1]),
      );
      expect(names.toSorted((one, other) => one.localeCompare(other))).toEqual([
        'magneto_bytes_total',
        'magneto_client_refusals_total',
        'magneto_event_loop_delay_seconds',
        'magneto_exchange_duration_seconds',
        'magneto_exchanges_total',
        'magneto_open_sockets',
        'magneto_open_websockets',
        'magneto_own_errors_total',
        'magneto_recorded_endings_total',
        'magneto_sequence_mismatches_total',
        'magneto_session_exchanges_total',
        'magneto_wal_failures_total',
        'magneto_wal_write_seconds',
        'magneto_websocket_messages_total',
      ]);
      expect(metrics).toMatch(/^magneto_exchanges_total\{.*outcome="recorded".*\} 1$/m);
      expect((await fetch(`http://127.0.0.1:${magneto.controlPort}/other`)).status).toBe(404);
      await magneto.stop();
    });
  });

  test('says ready only when the proxy is serving', async () => {
    await withFolder(async (folder) => {
      // startMagneto resolves at the first 200.
      for (let times = 0; times < 3; times += 1) {
        const magneto = await startMagneto(modeIn(folder, 'record'));
        expect((await get(magneto.via, '/at-once')).status).toBe(200);
        await magneto.stop();
      }
    });
  });
});

describe('the verbs', () => {
  const { version } = JSON.parse(
    spawnSync('cat', [resolve('package.json')], { encoding: 'utf8' }).stdout,
  ) as { readonly version: string };

  test.each([[['--help']], [['-h']], [['serve', '--help']], [['help']]])('%j', async (args) => {
    const ran = await runMagneto({}, { args });
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toMatch(/Usage: magneto/);
  });

  test.each([[['version']], [['--version']]])('%j', async (args) => {
    const ran = await runMagneto({}, { args });
    expect(ran).toMatchObject({ status: 0, stdout: `magneto ${version}\n`, stderr: '' });
  });

  test('health: 0 where something serves, 1 where nothing does', async () => {
    await withFolder(async (folder) => {
      const magneto = await startMagneto(modeIn(folder, 'record'));
      const env = { MAGNETO_CONTROL_PORT: String(magneto.controlPort) };
      const there = await runMagneto(env, { args: ['health'] });
      expect(there).toMatchObject({ status: 0, stderr: '' });
      expect(there.stdout).toMatch(/^ready: record.*\n$/);
      await magneto.stop();
      const gone = await runMagneto(env, { args: ['health'] });
      expect(gone).toMatchObject({ status: 1, stderr: '' });
      expect(gone.stdout).toMatch(/^unready: .*\n$/);
    });
  });

  test('serve is what is done without a verb, in ./cassettes and ./.magneto', async () => {
    await withFolder(async (folder) => {
      const port = String(await freePort());
      const controlPort = String(await freePort());
      const started = spawnMagneto(
        { MAGNETO_PORT: port, MAGNETO_CONTROL_PORT: controlPort },
        { cwd: folder, args: ['serve'] },
      );
      const via = { proxyPort: Number(port), caFile: join(folder, '.magneto/certs/ca.pem') };
      for (let tries = 0; tries < 200; tries += 1) {
        const up = await fetch(`http://127.0.0.1:${controlPort}/health`).catch(() => undefined);
        if (up?.status === 200) break;
        await sleep(25);
      }
      expect((await get(via, '/')).status).toBe(200);
      expect(await readFile(via.caFile, 'utf8')).toMatch(/BEGIN CERTIFICATE/);
      started.process.kill('SIGTERM');
      expect((await started.exited).status).toBe(0);
      expect(await readFile(join(folder, 'cassettes/default.json'), 'utf8')).toMatch(/"2\.0"/);
    });
  });
});
