import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { logLines } from '../end-to-end/child.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';
import type { Namespace } from './namespaces.ts';
import { capturesWith, withNamespaces } from './namespaces.ts';
import type { Installed } from './transparent.ts';
import { endAll, install, joinWorld, ran, serve, startWorld, uid, within } from './transparent.ts';

const there = capturesWith('curl', 'openssl');

interface ReceiptSeen {
  readonly isolated: boolean;
  readonly missed: number;
  readonly bypassed: Readonly<Record<string, number | null>> | null;
}

/** Root's side of two pipes: as in the entrypoint of the transparent image, it answers with the counters of the rules. */
async function counting(
  inside: Namespace,
  { folder, node, bundle }: Installed,
): Promise<ChildProcess> {
  const pipes = [join(folder, 'ask'), join(folder, 'answer')];
  execFileSync('mkfifo', ['-m', '666', ...pipes]);
  // The process of the proxy has its ends of the pipes as 8 and 9, as the entrypoint leaves them.
  const script = `#!/bin/sh\nexec 8<>${pipes[0]} 9<>${pipes[1]}\nexec ${node} "$@"\n`;
  await writeFile(join(folder, 'node-with-pipes'), script);
  await chmod(join(folder, 'node-with-pipes'), 0o755);
  const answer = `exec 6<>${pipes[0]} 7<>${pipes[1]}
    while read -r _ <&6; do ${node} ${bundle} rules count >&7; done`;
  const [command, ...words] = [...inside.through, 'sh', '-c', answer] as const;
  return spawn(command, words, { stdio: ['ignore', 'ignore', 'inherit'], detached: true });
}

afterEach(endAll);

describeWhere(there, 'a replay under seal', () => {
  test('is isolated so long as nothing passes the rules by, and says what did', async () => {
    await withFolder(async (folder) => {
      await withNamespaces(2, async (app, world) => {
        const installed = await install(folder);
        await joinWorld(app, world);
        const origin = await startWorld(world, folder);
        const { node, bundle } = installed;
        const rules = (...words: readonly string[]): Promise<string> =>
          ran([...app.through, node, bundle, 'rules', ...words, '--uid', String(uid)]);
        const curl = (url: string): Promise<string> =>
          ran([...within(app, installed), 'curl', '-4', '-sS', '-m', '5', url]);
        const variables = { MAGNETO_TRANSPARENT: 'true' };

        expect(await rules('apply')).toMatch(/^rules applied/);
        const recording = await serve(app, installed, { ...variables, MAGNETO_MODE: 'record' });
        const recorded = await curl('http://origin.test/recorded');
        expect(recorded).toContain('/recorded');
        const first = logLines((await recording.stop()).stdout).at(-1)?.['receipt'];
        expect(first).toMatchObject({ isolated: false, bypassed: null });

        expect(await rules('apply', '--seal', '--udp', 'reject')).toMatch(/sealed/);
        const counter = await counting(app, installed);
        try {
          const replaying = await serve(
            app,
            { ...installed, node: join(folder, 'node-with-pipes') },
            { ...variables, MAGNETO_MODE: 'replay', MAGNETO_SEAL: 'true', MAGNETO_COUNTERS: '8,9' },
          );
          const receipt = async (): Promise<ReceiptSeen> =>
            JSON.parse(
              await app.run('curl', '-sS', 'http://127.0.0.1:8889/receipt'),
            ) as ReceiptSeen;
          expect(await curl('http://origin.test/recorded')).toBe(recorded);
          const before = await receipt();
          expect(before).toMatchObject({
            isolated: true,
            missed: 0,
            bypassed: { tcpBypassed: 0, udpPassed: 0, sealed: 0, captured: expect.any(Number) },
          });
          expect(before.bypassed?.['captured']).toBeGreaterThan(0);

          // A port that is not captured: the application gets out, and no promise is kept up.
          expect(await curl('telnet://10.77.0.2:2525')).toContain('server speaks first');
          const after = await receipt();
          expect(after.bypassed?.['tcpBypassed']).toBeGreaterThan(0);
          expect(after.isolated).toBe(false);
          const ended = await replaying.stop();
          expect(ended.status).toBe(0);
          expect(logLines(ended.stdout).at(-1)).toMatchObject({ receipt: { isolated: false } });
        } finally {
          // The shell and what it runs: it has a process group of its own.
          if (counter.pid !== undefined) process.kill(-counter.pid, 'SIGKILL');
          await once(counter, 'close');
        }
        await origin.stop();
      });
    });
  }, 120_000);
});
