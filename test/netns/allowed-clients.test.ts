import { expect, test } from '@jest/globals';
import { spawnMagneto, startMagneto } from '../end-to-end/child.ts';
import { ask } from '../end-to-end/client.ts';
import { startOrigin } from '../end-to-end/origin.ts';
import { has } from '../end-to-end/real-servers.ts';
import { modeIn, withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';
import type { Namespace } from './namespaces.ts';
import { namespacesThere, untilReady, withNamespaces } from './namespaces.ts';

const there = {
  ok: namespacesThere.ok && has('curl'),
  reason: `${namespacesThere.reason}; and curl`,
};

/** Joins two namespaces by a cable: the first is .1 of a network, the second .2. */
async function cable(near: Namespace, far: Namespace, network: string): Promise<void> {
  const steps: readonly (readonly [Namespace, string])[] = [
    [near, `ip link add cable type veth peer name cable netns ${far.pid}`],
    [near, `ip address add ${network}.1/24 dev cable`],
    [near, 'ip link set cable up'],
    [far, `ip address add ${network}.2/24 dev cable`],
    [far, 'ip link set cable up'],
  ];
  for (const [namespace, line] of steps) {
    expect(await namespace.run('sh', '-c', line)).toBe('');
  }
}

describeWhere(there, 'a client on another machine', () => {
  test.each([
    // Documentation addresses (RFC 5737) stand for public ones.
    ['198.51.100', '', false],
    ['198.51.100', '198.51.100.2', true],
    ['198.51.100', '198.51.100.0/30,10.0.0.0/8', true],
    ['10.9.8', '', true],
    ['10.9.8', '192.168.0.0/16', false],
  ])('of %s.0/24, MAGNETO_ALLOW_CLIENTS=%j', async (network, allow, comesIn) => {
    await withFolder(async (folder) => {
      const origin = await startOrigin();
      const recording = await startMagneto(modeIn(folder, 'record'));
      const url = `http://localhost:${origin.httpPort}/known`;
      await ask(recording.via, { url });
      await recording.stop();
      await origin.stop();
      await withNamespaces(2, async (near, far) => {
        await cable(near, far, network);
        const magneto = spawnMagneto(
          {
            ...modeIn(folder, 'replay'),
            MAGNETO_HOST: '0.0.0.0',
            MAGNETO_CONTROL_HOST: '0.0.0.0',
            MAGNETO_ALLOW_CLIENTS: allow,
          },
          { through: near.through },
        );
        await untilReady(near);
        const status = (...args: readonly string[]): Promise<string> =>
          far.run('curl', '-s', '-m', '5', '-o', '/dev/null', '-w', '%{http_code}', ...args);
        const proxy = ['--proxy', `http://${network}.1:8888`];
        expect(await status(...proxy, url)).toBe(comesIn ? '200' : '403');
        expect(await status(`http://${network}.1:8889/health`)).toBe(comesIn ? '200' : '403');
        const said = await far.run('curl', '-s', '-m', '5', ...proxy, url);
        expect(said).toMatch(comesIn ? /"path":"\/known"/ : /CLIENT_NOT_ALLOWED/);
        const connect = await far.run('curl', '-sS', '-m', '5', ...proxy, 'https://example.org/');
        if (!comesIn) expect(connect).toMatch(/403/);
        // What is not HTTP is not even answered.
        const raw = `exec 3<>/dev/tcp/${network}.1/8888; printf '\\377\\000raw' >&3; cat <&3`;
        if (!comesIn) expect(await far.run('timeout', '5', 'bash', '-c', raw)).not.toMatch(/HTTP/);
        // Loopback always may.
        expect(await near.run('curl', '-s', '--proxy', 'http://127.0.0.1:8888', url)).toMatch(
          /known/,
        );
        magneto.process.kill('SIGTERM');
        await magneto.exited;
      });
    });
  });
});
