import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import type { Child } from './child.ts';
import { logLines, startMagneto } from './child.ts';
import { startOrigin } from './origin.ts';
import { modeIn, withFolder } from './with-appliance.ts';

/** A process that may have so many files open. */
const limited = (files: number) => ({
  through: ['sh', '-c', `ulimit -n ${files}; exec "$0" "$@"`],
});

function dial({ via }: Child): Promise<Socket> {
  const socket = connect({ port: via.proxyPort, host: '127.0.0.1' });
  socket.on('error', () => {});
  return once(socket, 'connect').then(() => socket);
}

/** Connects without waiting; tells with which failure it was ended, if it was told. */
function knock({ via }: Child): { readonly socket: Socket; readonly ended: Promise<string> } {
  const socket = connect({ port: via.proxyPort, host: '127.0.0.1' });
  const words: Buffer[] = [];
  socket.on('error', () => {});
  socket.on('data', (bytes: Buffer) => words.push(bytes));
  const ended = new Promise<string>((resolve) => {
    socket.on('close', () => {
      resolve(/X-Magneto-Failure: (\w+)/.exec(Buffer.concat(words).toString())?.[1] ?? '');
    });
  });
  return { socket, ended };
}

/** Asks for a page on a connection that stays open; nothing where the connection ended instead. */
async function asks(socket: Socket, url: string): Promise<string> {
  socket.write(`GET ${url} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const [bytes] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown];
  return Buffer.isBuffer(bytes) ? bytes.toString() : '';
}

async function metric(child: Child, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${child.controlPort}/metrics`);
  const line = (await response.text()).split('\n').find((one) => one.startsWith(name));
  return Number(line?.split(' ').at(-1) ?? 0);
}

test('more clients than there are files: those who are in are served, and so is who comes later', async () => {
  const origin = await startOrigin({});
  const url = `http://localhost:${origin.httpPort}/`;
  await withFolder(async (folder) => {
    const child = await startMagneto(modeIn(folder, 'record'), limited(200));
    try {
      const first = await dial(child);
      expect(await asks(first, url)).toMatch(/^HTTP\/1.1 /);
      const crowd = Array.from({ length: 400 }, () => knock(child));
      const ends = crowd.map(({ ended }) => ended);
      expect(['', 'TOO_MANY_CONNECTIONS']).toContain(await Promise.race(ends));
      expect(await asks(first, url)).toMatch(/^HTTP\/1.1 /);
      expect((await child.control('/health')).status).toBe(200);
      const refused = 'magneto_own_errors_total{code="TOO_MANY_CONNECTIONS"}';
      expect(await metric(child, refused)).toBeGreaterThan(200);
      for (const { socket } of crowd) socket.destroy();
      await Promise.all(ends);
      expect(await asks(first, url)).toMatch(/^HTTP\/1.1 /);
      const late = await dial(child);
      expect(await asks(late, url)).toMatch(/^HTTP\/1.1 /);
      late.destroy();
      first.destroy();
    } finally {
      await child.stop();
      await origin.stop();
    }
    expect((await child.exited).status).toBe(0);
    const codes = logLines(child.stdout()).map(({ code }) => code);
    // Below what a stack needs, and told so; then the first, the tenth and the hundredth.
    expect(codes.filter((code) => code === 'FILE_LIMIT_LOW')).toHaveLength(1);
    expect(codes.filter((code) => code === 'TOO_MANY_CONNECTIONS')).toHaveLength(3);
  });
});

test('a number that the limit on files does not allow is told at the start, with what helps', async () => {
  await withFolder(async (folder) => {
    const variables = { ...modeIn(folder, 'record'), MAGNETO_CONNECTIONS_MAX: '5000' };
    const child = await startMagneto(variables, limited(1024));
    await child.stop();
    const line = logLines(child.stdout()).find(({ code }) => code === 'FILE_LIMIT_LOW');
    expect(line?.['msg']).toContain('ulimits: { nofile: 11264 }');
  });
});
