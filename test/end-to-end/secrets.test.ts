import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import { startMagneto } from './child.ts';
import type { Via } from './client.ts';
import { ask, plain } from './client.ts';
import type { Origin } from './origin.ts';
import { startOrigin } from './origin.ts';
import { askRaw } from './raw-client.ts';
import { modeIn, withFolder } from './with-appliance.ts';

let origin: Origin;
beforeAll(async () => {
  origin = await startOrigin({
    answer: (_request, response) => {
      response.writeHead(200, [
        ['Set-Cookie', 'session=canary-set-cookie; Path=/; HttpOnly'],
        ['Trailer', 'Set-Cookie'],
        ['Transfer-Encoding', 'chunked'],
      ]);
      response.addTrailers([['Set-Cookie', 'late=canary-trailer']]);
      response.end('fine');
    },
  });
});
afterAll(() => origin.stop());

const secretHeaders: readonly (readonly [string, string])[] = [
  ['Authorization', 'Bearer canary-authorization'],
  ['Cookie', 'session=canary-cookie; theme=canary-theme'],
  ['X-Api-Key', 'canary-api-key'],
  ['x-API-key', 'canary-second-key'],
  ['Proxy-Authorization', `Basic canary-proxy`],
];

/** Says every secret in every way there is. */
async function tell(via: Via): Promise<void> {
  const http = `localhost:${origin.httpPort}`;
  await ask(via, { url: `http://${http}/a?token=canary-query`, headers: secretHeaders });
  await ask(via, {
    url: `https://localhost:${origin.httpsPort}/b?token=canary-query`,
    headers: secretHeaders,
  });
  const lines = secretHeaders.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  await askRaw(
    via.proxyPort,
    `GET http://canary-user:canary-password@${http}/c HTTP/1.1\r\nHost: ${http}\r\n${lines}\r\n`,
  );
  // A WebSocket handshake, a CONNECT, a miss of its own and something malformed.
  for (const bytes of [
    `GET http://${http}/d?token=canary-query HTTP/1.1\r\nHost: ${http}\r\n${lines}Upgrade: websocket\r\n` +
      'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    `CONNECT ${http} HTTP/1.1\r\nHost: ${http}\r\n${lines}\r\n`,
    `GET http://${http}/e?token=canary-query HTTP/1.1\r\n${lines}Bad Header canary-authorization\r\n\r\n`,
    `GET http://${http}/f HTTP/1.1\r\n${lines}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
  ]) {
    const socket = await plain(via);
    socket.on('error', () => {}).write(bytes);
    await once(socket, 'data');
    socket.destroy();
  }
  await ask(via, { url: `http://${http}/missed?token=canary-query`, headers: secretHeaders });
}

async function volume(folder: string): Promise<readonly (readonly [string, string])[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    names
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        const bytes = await readFile(path);
        return [
          path,
          (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1'),
        ] as const;
      }),
  );
}

const canaries = /canary-[\w-]+/g;

test.each(['json', 'json.gz', 'msgpack'])(
  'no secret reaches the disk or the log, at debug either: %s',
  async (format) => {
    await withFolder(async (folder) => {
      const variables = { MAGNETO_CASSETTE_FORMAT: format, MAGNETO_LOG_LEVEL: 'trace' };
      const recording = await startMagneto({
        ...modeIn(folder, 'record'),
        ...variables,
        MAGNETO_UPSTREAM_CA: origin.caFile,
      });
      await tell(recording.via);
      // The log of a take that is still going on holds no more than the cassette will.
      const during = await volume(folder);
      const ran = await recording.stop();
      const after = await volume(folder);
      expect(after.some(([path]) => path.endsWith(`default.${format}`))).toBe(true);
      for (const [path, text] of [...during, ...after]) {
        const found = new Set(text.match(canaries));
        // A query is part of what a request is matched by: it stands in the cassette, not in the log.
        found.delete('canary-query');
        expect([path, ...found]).toEqual([path]);
        if (path.includes('default.')) expect(text).toContain('[FILTERED]');
      }
      expect(ran.stdout.match(canaries)).toBeNull();
      expect(ran.stderr.match(canaries)).toBeNull();
      expect(ran.stdout).toContain('[FILTERED]');

      const replaying = await startMagneto({ ...modeIn(folder, 'replay'), ...variables });
      await tell(replaying.via);
      await ask(replaying.via, {
        url: `http://localhost:${origin.httpPort}/a?token=canary-other`,
        headers: secretHeaders,
      });
      const again = await replaying.stop();
      expect(again.stdout.match(canaries)).toBeNull();
      expect(again.stderr.match(canaries)).toBeNull();
    });
  },
);
