import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startMagneto } from '../end-to-end/child.ts';
import { plain } from '../end-to-end/client.ts';
import { askOn, askRaw } from '../end-to-end/raw-client.ts';
import { modeIn, withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';

const one = '/sys/fs/cgroup/memory';
const two = '/sys/fs/cgroup';
const isOne = existsSync(join(one, 'memory.limit_in_bytes'));
const isTwo = existsSync(join(two, 'cgroup.controllers'));
const group = join(isOne ? one : two, `magneto-test-${process.pid}`);
const names = isOne
  ? { limit: 'memory.limit_in_bytes', used: 'memory.usage_in_bytes', none: '-1' }
  : { limit: 'memory.max', used: 'memory.current', none: 'max' };

const there = {
  ok: process.getuid?.() === 0 && (isOne || isTwo),
  reason: 'it needs root, and control groups for memory',
};

const get = (port: number): string =>
  `GET http://localhost:${port}/ HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`;

describeWhere(there, 'a container whose memory is nearly used up', () => {
  beforeAll(() => {
    if (!isOne) writeFileSync(join(two, 'cgroup.subtree_control'), '+memory');
    mkdirSync(group);
  });
  afterAll(() => rmdirSync(group));

  const limitTo = (bytes: string): void => writeFileSync(join(group, names.limit), bytes);
  const used = (): number => {
    const stat = readFileSync(join(group, 'memory.stat'), 'latin1');
    const given = /^(?:total_)?inactive_file (\d+)$/m.exec(stat)?.[1];
    return Number(readFileSync(join(group, names.used), 'latin1')) - Number(given ?? 0);
  };

  test('lets nobody in but goes on with those who are, until there is room again', async () => {
    const origin = createServer((_request, response) => response.end('answer'));
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    const { port } = origin.address() as AddressInfo;
    await withFolder(async (folder) => {
      // From its first page on: what it has elsewhere is not counted here.
      const enter = `echo $$ > ${group}/cgroup.procs; exec "$@"`;
      const through = ['sh', '-c', enter, 'sh'];
      const magneto = await startMagneto(modeIn(folder, 'record'), { through });
      try {
        const inside = await plain({ proxyPort: magneto.via.proxyPort });
        expect((await askOn(inside, get(port))).body.toString()).toBe('answer');
        await sleep(600);
        limitTo(String(Math.ceil(used() / 0.94)));
        await sleep(600);
        const outside = await askRaw(magneto.via.proxyPort, get(port));
        expect(outside.head).toContain('503');
        expect(outside.head).toContain('X-Magneto-Failure: MEMORY_LOW');
        expect((await askOn(inside, get(port))).body.toString()).toBe('answer');
        limitTo(names.none);
        await sleep(600);
        expect((await askRaw(magneto.via.proxyPort, get(port))).body.toString()).toBe('answer');
        inside.destroy();
        expect(magneto.stdout()).toContain('MEMORY_LOW');
      } finally {
        await magneto.stop();
        origin.closeAllConnections();
        origin.close();
      }
    });
  }, 60_000);
});
