import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

const main = resolve('src/main.ts');

describe('the process', () => {
  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'magneto-main-'));
  });

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  function start(
    argv: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const child = spawn(process.execPath, [main, ...argv], {
      cwd: folder,
      env: { MAGNETO_PORT: '0', MAGNETO_CONTROL_PORT: '0', MAGNETO_HOST: '127.0.0.1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    return child;
  }

  /** How it ended: its status, and what it said. */
  async function ended(child: ChildProcess): Promise<readonly [unknown, string, string]> {
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) throw new TypeError('both are piped');
    const [[status], out, err] = await Promise.all([
      once(child, 'exit'),
      text(stdout),
      text(stderr),
    ]);
    return [status, out, err];
  }

  /** What it said on standard error until it served. */
  async function serving(child: ChildProcess): Promise<string> {
    let said = '';
    while (!said.includes('/receipt\n')) {
      said += String((await once(child.stderr ?? child, 'data'))[0]);
    }
    return said;
  }

  const controlOf = (said: string): string => /curl (http:\S+)\/receipt/.exec(said)?.[1] ?? '';

  test('prints its version', async () => {
    expect(await ended(start(['version']))).toEqual([
      0,
      expect.stringMatching(/^magneto \d+\.\d+\.\d+\n$/),
      '',
    ]);
  });

  test('ends with 2 and one line where it cannot start', async () => {
    const [status, out, err] = await ended(start([], { MAGNETO_MOD: 'record' }));
    expect([status, out]).toEqual([2, '']);
    expect(err).toMatch(/^magneto: OPTION_UNKNOWN: [^\n]*MAGNETO_MODE[^\n]*\n$/);
  });

  test('ends with 2 and one line where the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as AddressInfo).port);
    const [status, , err] = await ended(start([], { MAGNETO_PORT: port }));
    other.close();
    expect(status).toBe(2);
    expect(err).toMatch(new RegExp(`^magneto: PORT_TAKEN: [^\\n]*:${port}[^\\n]*\\n$`));
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('serves until %s, and ends with 0', async (signal) => {
    const child = start(['serve']);
    const end = ended(child);
    const control = controlOf(await serving(child));
    expect((await fetch(`${control}/health`)).status).toBe(200);
    expect(await (await fetch(`${control}/receipt`)).json()).toMatchObject({ served: 0 });
    child.kill(signal);
    const [status, out] = await end;
    expect(status).toBe(0);
    const lines = out.trimEnd().split('\n');
    const messages = lines.map((line) => (JSON.parse(line) as { readonly msg: string }).msg);
    expect(messages).toEqual(expect.arrayContaining(['serving', 'stopping', 'receipt']));
  });

  test('tells health how it is', async () => {
    const child = start([]);
    const port = new URL(controlOf(await serving(child))).port;
    const [status, out] = await ended(start(['health'], { MAGNETO_CONTROL_PORT: port }));
    expect([status, out]).toEqual([0, expect.stringMatching(/^ready: /)]);
    child.kill('SIGTERM');
    await once(child, 'exit');
    const after = await ended(start(['health'], { MAGNETO_CONTROL_PORT: port }));
    expect(after).toEqual([1, expect.stringMatching(/^unready: /), '']);
  });

  test('goes on when nobody reads its log any longer', async () => {
    const child = start([], { MAGNETO_LOG_LEVEL: 'trace' });
    const said = await serving(child);
    child.stdout?.destroy();
    child.stderr?.destroy();
    const proxy = /--proxy (http:\S+)/.exec(said)?.[1] ?? '';
    for (let turn = 0; turn < 3; turn += 1) {
      await fetch(`${proxy}/`);
      await sleep(20);
    }
    expect((await fetch(`${controlOf(said)}/health`)).status).toBe(200);
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).toBe(0);
  });
});
