import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { logLines, runMagneto, startMagneto } from './child.ts';
import { ask } from './client.ts';
import type { Origin } from './origin.ts';
import { startOrigin } from './origin.ts';
import { startSocketOrigin } from './raw-origin.ts';
import { modeIn, withFolder } from './with-appliance.ts';

let origin: Origin;
beforeAll(async () => {
  origin = await startOrigin();
});
afterAll(() => origin.stop());

const anyPorts = {
  MAGNETO_HOST: '127.0.0.1',
  MAGNETO_CONTROL_HOST: '127.0.0.1',
  MAGNETO_PORT: '0',
  MAGNETO_CONTROL_PORT: '0',
};

/** The one line that a start which fails says: with its code, on standard error, without a stack. */
async function refusal(
  folder: string,
  mode: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const ran = await runMagneto({ ...anyPorts, ...modeIn(folder, mode), ...more });
  expect(ran.status).toBe(2);
  expect(ran.stdout).toBe('');
  expect(ran.stderr).toMatch(/^magneto: [A-Z_]+: [^\n]+; [^\n]+\n$/);
  expect(ran.stderr).not.toMatch(/\n\s+at |node:internal/);
  return ran.stderr;
}

describe('the environment', () => {
  test.each([
    [{ MAGNETO_MODUS: 'replay' }, /OPTION_UNKNOWN: .*MAGNETO_MODUS.*nearest: MAGNETO_MODE\b/],
    [{ MAGNETO_MODE: 'replya' }, /OPTION_INVALID: MAGNETO_MODE is "replya".*nearest: replay/],
    [{ MAGNETO_PORT: '99999' }, /OPTION_INVALID: MAGNETO_PORT is "99999"/],
    [{ MAGNETO_LATENCY: 'fixed:fast' }, /OPTION_INVALID: MAGNETO_LATENCY/],
    [{ MAGNETO_MISS_STATUS: '200' }, /OPTION_INVALID: MAGNETO_MISS_STATUS/],
    [{ MAGNETO_UPSTREAM_CA: '/not/there.pem' }, /UPSTREAM_CA_INVALID: .*\/not\/there\.pem/],
    [
      { MAGNETO_CASSETTE_NAME: '../x' },
      /CASSETTE_NAME_INVALID: MAGNETO_CASSETTE_NAME is "\.\.\/x"/,
    ],
    [{ MAGNETO_CASSETTE_NAME: 'a/../../x' }, /CASSETTE_NAME_INVALID/],
    [{ MAGNETO_CASSETTE_NAME: '/etc/x' }, /CASSETTE_NAME_INVALID/],
  ])('%j', async (variables, expected) => {
    await withFolder(async (folder) => {
      expect(await refusal(folder, 'passthrough', variables)).toMatch(expected);
    });
  });

  test('a bad value counts in modes that do not need it', async () => {
    await withFolder(async (folder) => {
      const line = await refusal(folder, 'passthrough', { MAGNETO_FSYNC: 'sometimes' });
      expect(line).toMatch(/OPTION_INVALID: MAGNETO_FSYNC/);
    });
  });

  test('a password in an option is not repeated', async () => {
    await withFolder(async (folder) => {
      const line = await refusal(folder, 'passthrough', {
        MAGNETO_UPSTREAM_PROXY: 'ftp://ann:canary@example.org',
      });
      expect(line).toMatch(/OPTION_INVALID: MAGNETO_UPSTREAM_PROXY/);
      expect(line).not.toContain('canary');
    });
  });

  test('a verb that does not exist', async () => {
    const ran = await runMagneto({}, { args: ['sevre'] });
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr).toMatch(/^magneto: COMMAND_UNKNOWN: .*"sevre".*nearest: serve.*\n$/);
  });

  test('service links are ignored, with one warning', async () => {
    await withFolder(async (folder) => {
      const magneto = await startMagneto({
        ...modeIn(folder, 'record'),
        MAGNETO_SERVICE_HOST: '10.0.0.1',
        MAGNETO_SERVICE_PORT: '8888',
        MAGNETO_PORT_8888_TCP: 'tcp://10.0.0.1:8888',
        MAGNETO_PORT_8888_TCP_ADDR: '10.0.0.1',
      });
      const { status, stdout } = await magneto.stop();
      expect(status).toBe(0);
      const warnings = logLines(stdout).filter(({ level }) => level === 'warn');
      expect(warnings).toHaveLength(1);
      expect(warnings[0]?.['msg']).toMatch(/MAGNETO_PORT_8888_TCP, .*MAGNETO_SERVICE_HOST/);
    });
  });

  test('MAGNETO_PORT=tcp://… is a service link too, and the port its default', async () => {
    const ran = await runMagneto({
      MAGNETO_PORT: 'tcp://10.0.0.1:8888',
      MAGNETO_CONTROL_PORT: '0',
      MAGNETO_HOST: '192.0.2.1',
    });
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(/LISTEN_FAILED: .*192\.0\.2\.1:8888/);
    expect(logLines(ran.stdout)).toMatchObject([{ level: 'warn' }]);
  });

  test('older names are understood', async () => {
    await withFolder(async (folder) => {
      const certs = join(folder, 'certs');
      const base = { MAGNETO_CERT_DIR: certs, CASSETTE_DIR: folder, CASSETTE_NAME: 'old/name' };
      const url = `http://localhost:${origin.httpPort}/`;
      const recording = await startMagneto({
        ...base,
        MATGTO_MODE: 'record',
        MAGNETO_FORMAT: 'msgpack',
      });
      const live = await ask(recording.via, { url });
      await recording.stop();
      expect((await readFile(join(folder, 'old', 'name.msgpack'))).length).toBeGreaterThan(100);
      const replaying = await startMagneto({
        ...base,
        MATGTO_MODE: 'replay-strict',
        RUST_LOG: 'debug',
      });
      expect((await ask(replaying.via, { url })).body).toEqual(live.body);
      expect((await ask(replaying.via, { url: `${url}other` })).status).toBe(502);
      const { status, stdout } = await replaying.stop();
      expect(status).toBe(3);
      expect(logLines(stdout).some(({ level }) => level === 'debug')).toBe(true);
      const permissive = await startMagneto({
        ...base,
        MAGNETO_MODE: 'replay',
        MATGTO_STRICT: 'false',
      });
      expect((await ask(permissive.via, { url: `${url}other` })).status).toBe(200);
      expect((await permissive.stop()).status).toBe(0);
    });
  });
});

describe('the ports', () => {
  test.each(['MAGNETO_PORT', 'MAGNETO_CONTROL_PORT'])('%s is taken', async (name) => {
    const other = await startSocketOrigin(() => {});
    await withFolder(async (folder) => {
      const hosts = { MAGNETO_HOST: 'localhost', MAGNETO_CONTROL_HOST: 'localhost' };
      const line = await refusal(folder, 'record', { ...hosts, [name]: String(other.port) });
      expect(line).toMatch(new RegExp(`PORT_TAKEN: .*:${other.port}`));
      // A take that never began leaves nothing behind that would be replayed.
      await expect(readFile(join(folder, 'cassettes', 'default.json'))).rejects.toThrow('ENOENT');
    });
    await other.stop();
  });
});

describe('the cassette', () => {
  const interaction = {
    id: 'i0',
    kind: 'http',
    startedAt: '2026-01-01T00:00:00.000Z',
    request: { method: 'GET', url: 'http://localhost/', httpVersion: '1.1', headers: [] },
    response: { status: 200, statusText: 'OK', httpVersion: '1.1', headers: [] },
    timing: { endMs: 1 },
    ending: { type: 'finished' },
  };
  const good = {
    format: 'magneto',
    version: '2.0',
    name: 'default',
    recordedAt: '2026-01-01T00:00:00.000Z',
    interactions: [interaction],
  };
  const text = JSON.stringify(good, null, 2);

  /** Puts a file in place, and checks that each mode leaves it as it is. */
  async function refusals(
    folder: string,
    file: string,
    content: string | Buffer,
  ): Promise<readonly string[]> {
    const path = join(folder, 'cassettes', file);
    await mkdir(join(folder, 'cassettes'), { recursive: true });
    await writeFile(path, content);
    const lines: string[] = [];
    for (const mode of ['replay', 'auto', 'hybrid']) lines.push(await refusal(folder, mode));
    const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    expect(digest(await readFile(path))).toBe(digest(Buffer.from(content)));
    return lines;
  }

  test.each<readonly [string, { file: string; content: string | Buffer; words: RegExp }]>([
    [
      'no JSON',
      {
        file: 'default.json',
        content: text.replace('"http"', 'http'),
        words: /byte \d+ \(line 9\)/,
      },
    ],
    [
      'truncated JSON',
      { file: 'default.json', content: text.slice(0, -50), words: /at byte \d+ \(line \d+\)/ },
    ],
    ['an empty file', { file: 'default.json', content: '', words: /empty|byte 0/ }],
    ['JSON of something else', { file: 'default.json', content: '{"a":1}', words: /version/ }],
    [
      'a wrong field',
      {
        file: 'default.json',
        content: text.replace('"status": 200', '"status": "x"'),
        words: /response\.status/,
      },
    ],
    [
      'no MessagePack',
      { file: 'default.msgpack', content: Buffer.from([0xc1, 0xff, 0]), words: /byte 0/ },
    ],
    ['no gzip', { file: 'default.json.gz', content: 'no gzip', words: /gzip/ }],
    ['a log of nobody', { file: 'default.wal', content: 'no log, really none', words: /log/ }],
  ])('%s: named with its place, and left as it is', async (_what, { file, content, words }) => {
    await withFolder(async (folder) => {
      for (const line of await refusals(folder, file, content)) {
        expect(line).toContain(`CASSETTE_CORRUPT: ${join(folder, 'cassettes', file)}`);
        expect(line).toMatch(words);
      }
    });
  });

  test('another version of the format', async () => {
    await withFolder(async (folder) => {
      const lines = await refusals(folder, 'default.json', text.replace('"2.0"', '"7.3"'));
      for (const line of lines)
        expect(line).toMatch(/CASSETTE_VERSION_UNKNOWN: .*default\.json.*7\.3/);
    });
  });

  test('absent in replay', async () => {
    await withFolder(async (folder) => {
      expect(await refusal(folder, 'replay')).toMatch(/CASSETTE_NOT_FOUND: .*default\.json/);
    });
  });

  test('in two formats', async () => {
    await withFolder(async (folder) => {
      await mkdir(join(folder, 'cassettes'));
      for (const file of ['default.json', 'default.msgpack']) {
        await writeFile(join(folder, 'cassettes', file), text);
      }
      expect(await refusal(folder, 'replay')).toMatch(/CASSETTE_AMBIGUOUS/);
    });
  });

  test('below something that is no folder', async () => {
    await withFolder(async (folder) => {
      await writeFile(join(folder, 'cassettes'), 'a file');
      expect(await refusal(folder, 'record')).toMatch(/CASSETTE_UNWRITABLE: .*cassettes/);
    });
  });

  test('refused in CI where there is none, with the variable that would allow it', async () => {
    await withFolder(async (folder) => {
      const line = await refusal(folder, 'auto', { CI: 'true' });
      expect(line).toMatch(/RECORDING_REFUSED_IN_CI: .*MAGNETO_MODE=record/);
    });
  });
});

describe('the CA', () => {
  test.each([
    ['a broken certificate', 'ca.pem', 'no certificate'],
    ['a broken key', 'ca.key', 'no key'],
  ])('%s', async (_what, file, content) => {
    await withFolder(async (folder) => {
      await (await startMagneto(modeIn(folder, 'passthrough'))).stop();
      await writeFile(join(folder, 'certs', file), content);
      const line = await refusal(folder, 'passthrough');
      expect(line).toMatch(new RegExp(`CA_INVALID: .*${file}`));
      expect(await readFile(join(folder, 'certs', file), 'utf8')).toBe(content);
    });
  });

  test('a certificate without its key is not replaced', async () => {
    await withFolder(async (folder) => {
      await (await startMagneto(modeIn(folder, 'passthrough'))).stop();
      const before = await readFile(join(folder, 'certs', 'ca.pem'), 'utf8');
      await rm(join(folder, 'certs', 'ca.key'));
      expect(await refusal(folder, 'passthrough')).toMatch(/CA_INVALID: .*ca\.key/);
      expect(await readFile(join(folder, 'certs', 'ca.pem'), 'utf8')).toBe(before);
    });
  });

  test('is the same at the next start', async () => {
    await withFolder(async (folder) => {
      await (await startMagneto(modeIn(folder, 'passthrough'))).stop();
      const before = await readFile(join(folder, 'certs', 'ca.pem'), 'utf8');
      await (await startMagneto(modeIn(folder, 'passthrough'))).stop();
      expect(await readFile(join(folder, 'certs', 'ca.pem'), 'utf8')).toBe(before);
    });
  });
});
