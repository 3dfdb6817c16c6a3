import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import { applyRules } from '../../src/capture/apply.ts';
import { countRules } from '../../src/capture/counters.ts';
import { usual } from '../capture/examples.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';
import { crowd, crowdWorld, frameCounter } from './crowd.ts';
import { dial } from './dialling.ts';
import { machineOf, rulesThere } from './kernel.ts';
import type { Namespace } from './namespaces.ts';
import { withNamespaces } from './namespaces.ts';
import { endAll, install, joinWorld, ran, serve } from './transparent.ts';

const connections = 5000;
const ports = ['80', '443', '8080', '31337'];

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
  endAll();
});

/** Starts a program inside, and waits for its first word. */
async function start(inside: Namespace, ...words: readonly string[]) {
  const [command = '', ...args] = inside.through;
  const child = spawn(command, [...args, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.add(child);
  const first = await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  expect(String(first[0])).toMatch(/^(?:listening|counting)/);
  return child;
}

/** What came in by the cable of the world while a body ran. */
async function framesDuring(world: Namespace, body: () => Promise<void>) {
  const counter = await start(world, 'python3', '-c', frameCounter, 'cable');
  const said = text(counter.stdout);
  await body();
  counter.stdin.end();
  return JSON.parse(await said) as Readonly<Record<'tcp' | 'udp' | 'all', number>>;
}

const whole = { right: connections, wrong: [], failed: [], atOnce: connections };

describeWhere(rulesThere, `a crowd of ${connections} connections at once, of both families`, () => {
  test('comes where it was going, and once recorded nothing of it leaves', async () => {
    await withFolder(async (folder) => {
      await withNamespaces(2, async (app, world) => {
        const installed = await install(folder);
        await joinWorld(app, world);
        // Whole networks of addresses, so that each connection has one of its own.
        await world.run('ip', 'route', 'add', 'local', '10.78.0.0/16', 'dev', 'lo');
        await world.run('ip', 'route', 'add', 'local', 'fd78::/64', 'dev', 'lo');
        const answering = await start(world, process.execPath, '-e', crowdWorld, ...ports);
        const dialAll = async (): Promise<unknown> => {
          const words = ['python3', '-c', crowd, String(connections), ...ports];
          const { shared, ...found } = JSON.parse(
            await ran([...app.through, ...words]),
          ) as Readonly<Record<string, unknown>>;
          // The tuples do clash: without that, the destination could be told by the source port alone.
          expect(shared).toBe((connections * 2) / 5);
          return found;
        };
        const settings = { MAGNETO_TRANSPARENT: 'true', MAGNETO_LOG_LEVEL: 'error' };

        await applyRules({ ...usual, ports: 'all' }, machineOf(app));
        const recording = await serve(app, installed, { ...settings, MAGNETO_MODE: 'record' });
        const recorded = await framesDuring(world, async () => {
          expect(await dialAll()).toEqual(whole);
        });
        expect((await recording.stop()).status).toBe(0);
        expect(await countRules(machineOf(app).run)).toMatchObject({
          captured: connections,
          tcpBypassed: 0,
        });
        // The counter counts: each connection has its handshake, its question and its answer.
        expect(recorded.tcp).toBeGreaterThan(connections * 3);
        answering.kill('SIGKILL');

        await applyRules({ ...usual, ports: 'all', udp: 'reject', sealed: true }, machineOf(app));
        const replaying = await serve(app, installed, { ...settings, MAGNETO_MODE: 'replay' });
        const replayed = await framesDuring(world, async () => {
          expect(await dialAll()).toEqual(whole);
          // And whatever else an application may try.
          const strays = ['tcp', 'udp'].flatMap((protocol) =>
            ['10.77.0.2', 'fd77::2'].flatMap((host) =>
              [22, 53, 443, 9999].map((port) => `${protocol}/${host}/${port}`),
            ),
          );
          await dial({ inside: app, installed }, strays);
        });
        await replaying.stop();
        expect(replayed).toMatchObject({ tcp: 0, udp: 0 });
        expect(await countRules(machineOf(app).run)).toMatchObject({
          tcpBypassed: 0,
          udpPassed: 0,
          sealed: 0,
        });
      });
    });
  }, 240_000);
});
