import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { spawnMagneto, startMagneto } from '../end-to-end/child.ts';
import { ask } from '../end-to-end/client.ts';
import type { Origin } from '../end-to-end/origin.ts';
import { startOrigin } from '../end-to-end/origin.ts';
import { has } from '../end-to-end/real-servers.ts';
import { modeIn, withFolder } from '../end-to-end/with-appliance.ts';
import type { Condition } from '../skip.ts';
import { describeWhere } from '../skip.ts';
import type { Namespace } from './namespaces.ts';
import { namespacesThere, untilReady, withNamespaces } from './namespaces.ts';

const canTrace: Condition = {
  ok: namespacesThere.ok && has('curl') && spawnSync('strace', ['-D', 'true']).status === 0,
  reason: `${namespacesThere.reason}; and curl, strace and the right to trace`,
};

/** Records one exchange over HTTP and one over HTTPS, and ends the server. */
async function record(folder: string): Promise<Origin> {
  const origin = await startOrigin();
  const recording = await startMagneto({
    ...modeIn(folder, 'record'),
    MAGNETO_UPSTREAM_CA: origin.caFile,
  });
  await ask(recording.via, { url: `http://localhost:${origin.httpPort}/plain` });
  await ask(recording.via, { url: `https://localhost:${origin.httpsPort}/secure` });
  await recording.stop();
  await origin.stop();
  return origin;
}

describeWhere(canTrace, 'in a network that consists of a loopback device', () => {
  const curl = (inside: Namespace, folder: string, url: string): Promise<string> =>
    inside.run(
      'sh',
      '-c',
      `curl -sS --proxy http://127.0.0.1:8888 --cacert ${join(folder, 'certs', 'ca.pem')} ${url}`,
    );

  test.each(['replay', 'auto'])(
    'mode %s starts, replays and stops without a socket beyond loopback, and asks no name',
    async (mode) => {
      await withFolder(async (folder) => {
        const origin = await record(folder);
        await withNamespaces(1, async (inside) => {
          expect(await inside.run('ip', 'route')).toBe('');
          const trace = join(folder, 'trace');
          // With -D the traced process is our child, and the signal reaches it.
          const strace = ['strace', '-D', '-f', '-qq', '-e', 'trace=%network', '-o', trace];
          const magneto = spawnMagneto(modeIn(folder, mode), {
            through: [...inside.through, ...strace],
          });
          await untilReady(inside);
          const plain = await curl(inside, folder, `http://localhost:${origin.httpPort}/plain`);
          expect(plain).toMatch(/"n":1,"path":"\/plain"/);
          const secure = await curl(inside, folder, `https://localhost:${origin.httpsPort}/secure`);
          expect(secure).toMatch(/"n":2,"path":"\/secure"/);
          const missed = await curl(inside, folder, 'http://example.org/not-recorded');
          expect(missed).toMatch(/NO_MATCHING_INTERACTION/);
          magneto.process.kill('SIGTERM');
          const { status, stdout } = await magneto.exited;
          expect(status).toBe(3);
          expect(stdout).toMatch(/"served":2,"missed":1.*"liveCalls":0/);

          const calls = (await readFile(trace, 'utf8')).split('\n');
          const beyond = (call: string): boolean =>
            /AF_INET6?\b/.test(call) && !/"127\.0\.0\.1"|"::1"/.test(call);
          // It listened, so the trace is one; and it listened and connected nowhere else.
          expect(calls.filter((call) => /bind\(.*"127\.0\.0\.1"/.test(call))).toHaveLength(2);
          expect(calls.filter((call) => /\bbind\(/.test(call) && beyond(call))).toEqual([]);
          expect(calls.filter((call) => /\bconnect\(.*AF_INET/.test(call))).toEqual([]);
          expect(
            calls.filter((call) => /\bsend(to|msg|mmsg)\(/.test(call) && beyond(call)),
          ).toEqual([]);
          expect(calls.filter((call) => /socket\(AF_INET.*SOCK_DGRAM/.test(call))).toEqual([]);
        });
      });
    },
  );
});
