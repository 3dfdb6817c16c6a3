import type { ChildProcess } from 'node:child_process';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Done, Order, Through } from './websocket-crowd-clients.ts';

/** What the crowd came to, once through each stage. */
export interface Crowd {
  readonly stage: string;
  readonly connections: number;
  /** Messages that came back before all were open, and after. */
  readonly echoed: number;
  readonly closed: number;
  /** Of the proxy: bytes of memory for each connection, all of them open and having spoken. */
  readonly bytesEach: number;
  /** Messages passed in a second, both ways counted. */
  readonly messagesPerSecond: number;
}

const clientProcesses = 2;

/** Holds so many WebSockets through a relay of ws, while recording, and while replaying, and has them talk. */
export async function runCrowd(connections: number, rounds: number): Promise<readonly Crowd[]> {
  const folder = await mkdtemp(join(tmpdir(), 'magneto-crowd-'));
  const children: ChildProcess[] = [];
  const program = (name: string, ...args: string[]): ChildProcess => {
    const child = fork(new URL(name, import.meta.url), args, { stdio: 'inherit' });
    children.push(child);
    return child;
  };
  const stage = async (
    name: string,
    proxy: Proxy,
    through: Omit<Through, 'from'>,
  ): Promise<Crowd> => {
    const clients = Array.from({ length: clientProcesses }, () =>
      program('websocket-crowd-clients.ts'),
    );
    try {
      return await runStage({ name, proxy, through, clients, connections, rounds });
    } finally {
      for (const client of clients) client.kill();
    }
  };
  try {
    const port = await portOf(program('websocket-crowd-server.ts'));
    const relay = program('websocket-crowd-server.ts', `ws://127.0.0.2:${port}/`);
    const relayPort = await portOf(relay);
    const bare = await stage(
      'a relay of ws',
      { pid: relay.pid ?? 0 },
      { host: '127.0.0.2', port: relayPort },
    );
    relay.kill();
    const all = [bare];
    // What is replayed was recorded by one client, and is played to each of the crowd.
    for (const [name, cassette, mode] of [
      ['recording', 'crowd', 'record'],
      ['', 'one', 'record'],
      ['replaying', 'one', 'replay'],
    ] as const) {
      const magneto = await startMagneto(folder, mode, cassette);
      children.push(magneto.process);
      const through = { host: '127.0.0.2', port, proxyPort: magneto.port };
      if (name === '') {
        const [client] = [program('websocket-crowd-clients.ts')];
        const alone = { name, proxy: magneto, through, clients: [client], connections: 1, rounds };
        await runStage(alone);
        client.kill();
      } else all.push(await stage(name, magneto, through));
      magneto.process.kill('SIGTERM');
      await once(magneto.process, 'exit');
    }
    return all;
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

interface Proxy {
  readonly pid: number;
}

interface Stage {
  readonly name: string;
  readonly proxy: Proxy;
  readonly through: Omit<Through, 'from'>;
  readonly clients: readonly ChildProcess[];
  readonly connections: number;
  readonly rounds: number;
}

async function runStage({
  name,
  proxy,
  through,
  clients,
  connections,
  rounds,
}: Stage): Promise<Crowd> {
  const before = await residentBytes(proxy);
  const each = Math.floor(connections / clients.length);
  const opened = await tell(clients, (_client, place) => {
    const rest = place === 0 ? connections - each * clients.length : 0;
    return {
      do: 'open',
      count: each + rest,
      through: { ...through, from: `127.0.1.${place + 1}` },
    };
  });
  const first = await tell(clients, () => ({ do: 'talk', rounds: 1 }));
  const held = await residentBytes(proxy);
  const startedAt = performance.now();
  const talked = await tell(clients, () => ({ do: 'talk', rounds: rounds - 1 }));
  const seconds = (performance.now() - startedAt) / 1000;
  const closed = await tell(clients, () => ({ do: 'close' }));
  return {
    stage: name,
    connections: opened,
    echoed: first + talked,
    closed,
    bytesEach: Math.round((held - before) / opened),
    messagesPerSecond: Math.round((talked * 2) / seconds),
  };
}

async function tell(
  clients: readonly ChildProcess[],
  order: (client: ChildProcess, place: number) => Order,
): Promise<number> {
  const counts = clients.map(async (client, place) => {
    const answered = once(client, 'message') as Promise<[Done]>;
    const died = once(client, 'exit').then(() =>
      Promise.reject(new Error('a client process died')),
    );
    client.send(order(client, place));
    const [{ count }] = await Promise.race([answered, died]);
    return count;
  });
  return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}

async function portOf(child: ChildProcess): Promise<number> {
  const [port] = (await once(child, 'message')) as [number];
  return port;
}

async function residentBytes({ pid }: Proxy): Promise<number> {
  // What a scavenge will take is not what a connection costs.
  await sleep(1000);
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

async function startMagneto(
  folder: string,
  mode: string,
  cassette: string,
): Promise<Proxy & { readonly process: ChildProcess; readonly port: number }> {
  const [port, controlPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [resolve('dist/magneto.cjs')], {
    env: {
      PATH: process.env['PATH'] ?? '',
      MAGNETO_MODE: mode,
      MAGNETO_CASSETTE_NAME: cassette,
      MAGNETO_CASSETTE_DIR: join(folder, 'cassettes'),
      MAGNETO_CERT_DIR: join(folder, 'certs'),
      MAGNETO_HOST: '127.0.0.1',
      MAGNETO_CONTROL_HOST: '127.0.0.1',
      MAGNETO_PORT: String(port),
      MAGNETO_CONTROL_PORT: String(controlPort),
      MAGNETO_LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const deadline = performance.now() + 30_000;
  for (;;) {
    const health = await fetch(`http://127.0.0.1:${controlPort}/health`).catch(() => undefined);
    if (health?.status === 200) return { pid: child.pid ?? 0, process: child, port };
    if (performance.now() > deadline) throw new Error('magneto did not become ready');
    await sleep(50);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

if (import.meta.main) {
  const [connections = '10000', rounds = '20'] = process.argv.slice(2);
  const crowds = await runCrowd(Number(connections), Number(rounds));
  const bare = crowds[0]?.messagesPerSecond ?? 0;
  for (const crowd of crowds) {
    const ratio = (crowd.messagesPerSecond / bare).toFixed(2);
    process.stdout.write(`${JSON.stringify({ ...crowd, ofTheRelay: ratio })}\n`);
  }
}
