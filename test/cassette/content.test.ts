import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { storedOf } from '../../src/cassette/bodies.ts';
import { readRoot } from '../../src/cassette/content.ts';
import { jsonSpelling } from '../../src/cassette/json-spelling.ts';
import { createLibrary } from '../../src/cassette/library.ts';
import { toTree } from '../../src/cassette/tree.ts';
import type { OpenStored } from '../../src/cassette/tree-body.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { golden } from './golden.ts';
import { goldenLong, longBytes } from './golden-long.ts';
import { goldenNames } from './golden-names.ts';
import { inFolder, noStored } from './folder.ts';
import { bytesOf } from './talk.ts';

const directory = join(dirname(fileURLToPath(import.meta.url)), '../fixtures/cassettes');
const warnings: string[] = [];
const warn = (line: string): void => void warnings.push(line);
const library = createLibrary({ directory, format: 'json', fsync: 'never', warn });

describe('the examples of docs/cassette-format.md', () => {
  const page = readFileSync('docs/cassette-format.md', 'utf8');
  const examples = [...page.matchAll(/```json\n(\{\n {2}"version"[^`]*)```/g)].map(
    ([, json]) => json,
  );

  test.each(examples)('are read, and written again with the same content: %#', (json = '') => {
    const spelling = jsonSpelling(warn);
    const root = JSON.parse(json) as { readonly interactions: readonly unknown[] };
    const stored: OpenStored = (reference) => ({ ...reference, read: async function* none() {} });
    const { interactions } = readRoot(root, { file: 'f', format: 'json', warn, stored });
    const written = interactions.map((interaction) => toTree(interaction, spelling));
    // What a message of gRPC says is for the eye, and stands beside its bytes.
    const forTheEye = /,"(?:type":"[a-z0-9.]+\.[A-Za-z]+","decoded|fields)":\{[^}]*\}/g;
    const expected = JSON.stringify(root.interactions).replaceAll(forTheEye, '');
    expect(JSON.parse(JSON.stringify(written))).toEqual(JSON.parse(expected));
    expect(warnings.splice(0)).toEqual([]);
  });

  test('are there', () => expect(examples).toHaveLength(2));
});

describe('golden cassettes are read for ever', () => {
  test.each(['v2-json', 'v2-json-gz', 'v2-msgpack', 'v2-msgpack-gz'])('%s', async (name) => {
    const { interactions } = await library.load(name);
    expect(interactions).toEqual(golden);
    expect(warnings.splice(0)).toEqual([]);
  });

  test.each(['v2-names', 'v2-names-msgpack'])('%s: questions for names', async (name) => {
    expect((await library.load(name)).interactions).toEqual(goldenNames);
    expect(warnings.splice(0)).toEqual([]);
  });

  test('questions for names in their first form: addresses alone', async () => {
    const { interactions } = await library.load('v2-names-first');
    const record = { name: 'api.example.org', type: 'A', ttl: 30 };
    expect(interactions.map(({ lookup }) => lookup)).toMatchObject([
      {
        name: 'api.example.org',
        type: 'A',
        records: [
          { ...record, data: '10.0.0.1' },
          { ...record, data: '10.0.0.2' },
        ],
      },
      { type: 'AAAA', records: [{ ...record, type: 'AAAA', ttl: 60, data: 'fd00::1' }] },
      { name: 'gone.example.org', type: 'HTTPS', code: 'NXDOMAIN', records: [] },
    ]);
  });

  test('a write-ahead log', async () => {
    const { interactions, unfinished } = await library.load('v2-unfinished');
    expect(interactions).toEqual(golden);
    expect(unfinished).toBe(true);
    expect(warnings.splice(0)).toHaveLength(1);
  });

  test.each(['v21-json', 'v21-msgpack'])('%s: what is long, large or cut short', async (name) => {
    const { interactions } = await library.load(name);
    expect(interactions.filter(isStored).map(({ id }) => id)).toEqual(['stored']);
    expect(await Promise.all(interactions.map(withBodies))).toEqual(goldenLong);
    expect(warnings.splice(0)).toEqual([]);
  });

  test('a write-ahead log of a take that was killed', async () => {
    const { interactions } = await library.load('v21-killed');
    expect(warnings.splice(0)).toEqual([expect.stringContaining('; 3 of them end where')]);
    const all = await Promise.all(interactions.map(withBodies));
    expect(all.slice(0, goldenLong.length)).toEqual(goldenLong);
    const rest = all.slice(goldenLong.length);
    expect(rest.map(({ truncated }) => truncated)).toEqual([
      'killed',
      'killed',
      'killed',
      undefined,
    ]);
    const [events, download, stream, ended] = rest;
    expect(String(events?.response?.body)).toBe('data: 1\n\n');
    const pieces = Array.from({ length: 12 }, (_, n) => `piece ${n};`);
    expect(String(download?.response?.body)).toBe(pieces.join(''));
    expect(download?.request).toMatchObject({ body: Buffer.from('asked'), partial: true });
    expect(stream?.messages?.map(({ from, bytes }) => [from, String(bytes)])).toEqual([
      ['client', 'PING'],
      ['server', 'PONG'],
    ]);
    expect(String(ended?.response?.body)).toBe('one, two');
  });

  test('one edited by hand: lengths are counted anew, bodies encoded anew', async () => {
    const [counted, encoded] = (await library.load('v2-edited')).interactions;
    expect(counted?.request.path).toBe('/');
    expect(counted?.response?.headers[0]).toEqual(['Content-Length', '20']);
    expect(counted?.response?.body?.toString()).toBe('{"edited":"by hand"}');
    const body = encoded?.response?.body ?? Buffer.alloc(0);
    expect(gunzipSync(body).toString()).toBe('edited\nby hand');
    expect(encoded?.response?.headers[0]).toEqual(['Content-Length', String(body.length)]);
    expect(warnings.splice(0)).toEqual([expect.stringContaining('edited by hand')]);
  });

  test('version 1.0, tagged, bodies as lists of bytes', async () => {
    const [http, slow, nowhere, socket] = (await library.load('v1-tagged')).interactions;
    expect(http).toMatchObject({
      kind: 'http',
      startedAt: '2025-10-10T12:30:01.500Z',
      request: { path: '/users?page=1', destination: { host: 'api.example.org', secure: true } },
      response: { status: 200, statusText: 'OK', body: Buffer.from('[{"id":1}]') },
      timing: { headMs: 42, endMs: 42 },
      ending: { type: 'finished' },
    });
    expect(http?.response?.headers).toEqual([
      ['content-type', 'application/json'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['content-length', '10'],
    ]);
    expect(http?.request).not.toHaveProperty('body');
    expect(slow).toMatchObject({ ending: { type: 'timedOut' }, timing: { endMs: 3000 } });
    expect(slow?.request).toMatchObject({ path: '/', destination: { port: 8080 } });
    expect(nowhere).toMatchObject({ ending: { type: 'dns' } });
    expect(socket).toMatchObject({
      kind: 'websocket',
      messages: [
        { from: 'client', atMs: 0, kind: 'text', bytes: Buffer.from('subscribe') },
        { from: 'server', atMs: 6000, kind: 'text', bytes: Buffer.from('block é') },
        { from: 'server', atMs: 12_000, kind: 'binary', bytes: Buffer.from([0, 255, 16]) },
        { from: 'server', atMs: 12_001, kind: 'ping', bytes: Buffer.alloc(0) },
        { from: 'client', atMs: 12_002, kind: 'pong', bytes: Buffer.alloc(0) },
      ],
      ending: { type: 'closed', by: 'server', code: 1001, reason: 'going away' },
    });
  });

  test('version 1.0, untagged, bodies as text', async () => {
    const { interactions } = await library.load('v1-untagged');
    const [login, logout, socket, down] = interactions;
    expect(login?.request.body?.toString()).toBe('{"user":"ann"}');
    expect(login?.response?.body?.toString()).toBe('{"token":"[FILTERED]"}');
    expect(login?.response?.headers).toEqual([
      ['Content-Type', 'application/json'],
      ['Content-Length', '22'],
    ]);
    expect(logout?.response).toMatchObject({ status: 204, statusText: 'No Content', headers: [] });
    expect(socket).toMatchObject({ kind: 'websocket', messages: [{ atMs: 5 }] });
    expect(down).toMatchObject({ ending: { type: 'refused' } });
  });
});

/** What of an interaction lies in files of its own in its place. */
async function withBodies(interaction: Interaction): Promise<Interaction> {
  if (!isStored(interaction)) return interaction;
  const { response } = interaction;
  const { stored: _, ...request } = interaction.request;
  const { stored: __, ...answer } = response ?? interaction.request;
  const asked = await bytesOf(interaction.request);
  return {
    ...interaction,
    request: asked.length > 0 ? { ...request, body: asked } : request,
    ...(response && {
      response: { ...(answer as typeof response), body: await bytesOf(response) },
    }),
  };
}

const isStored = (interaction: Interaction): boolean => storedOf(interaction).length > 0;

describe('what is written is what was written when it was golden', () => {
  test.each([
    ['json', 'v2-json.json', golden],
    ['json', 'v21-json.json', goldenLong],
    ['msgpack', 'v2-msgpack.msgpack', golden],
    ['msgpack', 'v21-msgpack.msgpack', goldenLong],
    ['json', 'v2-names.json', goldenNames],
    ['msgpack', 'v2-names-msgpack.msgpack', goldenNames],
  ] as const)('in %s: %s', async (format, file, interactions) => {
    await inFolder(async (folder) => {
      const bodyFileBytes = interactions === goldenLong ? longBytes : 1024;
      await folder.complete(interactions, { format, bodyFileBytes });
      const stamp = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;
      const now = readFileSync(join(folder.path, `c.${format}`), 'latin1');
      const then = readFileSync(join(directory, file), 'latin1');
      const name = format === 'json' ? ['"v2"', '"c"'] : ['\xa2v2', '\xa1c'];
      const alike = then.replace(name[0] ?? '', name[1] ?? '').replace(stamp, 'T');
      expect(now.replace(stamp, 'T')).toBe(alike);
    });
  });
});

describe('a root is refused', () => {
  test.each([
    [[], 'CASSETTE_CORRUPT', 'f: is no object'],
    [{}, 'CASSETTE_CORRUPT', 'f: has no version'],
    [{ version: 2 }, 'CASSETTE_CORRUPT', 'f: has no version'],
    [{ version: '3.0' }, 'CASSETTE_VERSION_UNKNOWN', 'f: version "3.0" is not known'],
    [{ version: '2.0', name: 'c', recordedAt: '' }, 'CASSETTE_CORRUPT', 'f: interactions'],
    [{ version: '1.0' }, 'CASSETTE_CORRUPT', 'f: interactions: is no list'],
  ])('%j', (root, code, words) => {
    const read = () => readRoot(root, { file: 'f', format: 'json', warn, stored: noStored });
    expect(read).toThrow(expect.objectContaining({ code }));
    expect(read).toThrow(words);
  });
});
