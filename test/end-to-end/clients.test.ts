import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Condition } from '../skip.ts';
import { describeWhere } from '../skip.ts';
import { startMagneto } from './child.ts';
import type { Via } from './client.ts';
import type { RealServers } from './real-servers.ts';
import { clientFile, has, pythonWith, startRealServers } from './real-servers.ts';
import { modeIn } from './with-appliance.ts';

/** Programs that other people wrote, run while recorded and again with the servers gone. */
interface Client {
  readonly needs: Condition;
  readonly command: (via: Via, servers: RealServers) => readonly string[];
  readonly env?: (via: Via) => Readonly<Record<string, string>>;
  /** Something that a live run is known to say. */
  readonly says: RegExp;
}

const proxyOf = (via: Via): string => `http://127.0.0.1:${via.proxyPort}`;
const requestsPython = pythonWith('requests');
const websocketsPython = pythonWith('websockets');
const commandThere = (name: string): Condition => ({ ok: has(name), reason: `${name} is missing` });

const pages = ({ nginx, python }: RealServers): readonly string[] => [
  `nginx+${nginx.http}`,
  `nginx+${nginx.https}`,
  python.http,
  python.https,
];
const sockets = ({ nginx, python }: RealServers): readonly string[] => [
  nginx.ws,
  nginx.wss,
  python.ws,
  python.wss,
];

const clients: Readonly<Record<string, Client>> = {
  curl: {
    needs: commandThere('curl'),
    command: (via, servers) => [
      'sh',
      clientFile('curl.sh'),
      proxyOf(via),
      via.caFile,
      ...pages(servers),
    ],
    says: /short and stout[^]*HTTP\/1\.1 100 Continue[^]*"got": 1500000/,
  },
  wget: {
    needs: commandThere('wget'),
    command: (via, servers) => [
      'sh',
      clientFile('wget.sh'),
      proxyOf(via),
      via.caFile,
      ...pages(servers),
    ],
    says: /Grüße aus nginx[^]*one two three/,
  },
  'Python requests': {
    needs: { ok: requestsPython !== undefined, reason: 'python3-requests is missing' },
    command: (via, servers) => [
      requestsPython ?? '',
      clientFile('requests_client.py'),
      proxyOf(via),
      via.caFile,
      ...pages(servers),
    ],
    says: /GET 418[^]*PUT 200 Said/,
  },
  'the Java HTTP client': {
    needs: commandThere('java'),
    command: (via, servers) => [
      'java',
      '-XX:TieredStopAtLevel=1',
      clientFile('Client.java'),
      String(via.proxyPort),
      via.caFile,
      ...pages(servers),
    ],
    says: /HTTP_1_1 200 https:/,
  },
  'Node fetch': {
    needs: { ok: true, reason: '' },
    command: (_via, servers) => [
      process.execPath,
      clientFile('fetch-client.ts'),
      ...pages(servers),
    ],
    env: (via) => ({
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: proxyOf(via),
      HTTPS_PROXY: proxyOf(via),
      NODE_EXTRA_CA_CERTS: via.caFile,
    }),
    says: /\n418 /,
  },
  ws: {
    needs: { ok: websocketsPython !== undefined, reason: 'python3-websockets is missing' },
    command: (via, servers) => [
      process.execPath,
      clientFile('ws-client.ts'),
      String(via.proxyPort),
      via.caFile,
      ...sockets(servers),
    ],
    says: /chat\.v1 permessage-deflate nginx[^]*text \d+: Grüße\nbinary \/\/4BAA==[^]*closed 4001 as you wish/,
  },
  'Python websockets': {
    needs: { ok: websocketsPython !== undefined, reason: 'python3-websockets is missing' },
    command: (via, servers) => [
      websocketsPython ?? '',
      clientFile('websockets_client.py'),
      String(via.proxyPort),
      via.caFile,
      ...sockets(servers),
    ],
    says: /PerMessageDeflate[^]*closed 4001 as you wish/,
  },
};

interface Output {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

async function run(client: Client, via: Via, servers: RealServers): Promise<Output> {
  const [command = '', ...args] = client.command(via, servers);
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', ...client.env?.(via) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  const [stdout, stderr, [status]] = await Promise.all([
    buffer(child.stdout),
    buffer(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr: stderr.toString() };
}

/** Runs every client that is there through a magneto in a process of its own, one mode. */
async function runAll(
  folder: string,
  mode: string,
  servers: RealServers,
): Promise<{ readonly outputs: Map<string, Output>; readonly receipt: unknown }> {
  const magneto = await startMagneto({
    ...modeIn(folder, mode),
    ...(mode === 'record' ? { MAGNETO_UPSTREAM_CA: servers.caFile } : {}),
  });
  const outputs = new Map<string, Output>();
  for (const [name, client] of Object.entries(clients)) {
    if (client.needs.ok) outputs.set(name, await run(client, magneto.via, servers));
  }
  const receipt = (await magneto.control('/receipt')).body;
  const { status } = await magneto.stop();
  expect(status).toBe(0);
  return { outputs, receipt };
}

const serversThere: Condition = {
  ok: has('nginx') && has('openssl') && pythonWith('ssl') !== undefined,
  reason: 'nginx, openssl or python3 is missing',
};

describeWhere(serversThere, 'real clients and real servers', () => {
  let folder: string;
  let live: Awaited<ReturnType<typeof runAll>>;
  let again: Awaited<ReturnType<typeof runAll>>;
  let reachable: readonly boolean[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'magneto-clients-'));
    const servers = await startRealServers(folder);
    try {
      live = await runAll(folder, 'record', servers);
    } finally {
      await servers.stop();
    }
    reachable = await Promise.all(servers.ports.map(isOpen));
    again = await runAll(folder, 'replay', servers);
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  for (const [name, client] of Object.entries(clients)) {
    describeWhere(client.needs, name, () => {
      test('is served by the servers, and recorded', () => {
        const output = live.outputs.get(name);
        expect(output).toMatchObject({ status: 0, stderr: '' });
        expect(output?.stdout.toString()).toMatch(client.says);
      });

      test('says the very same with the servers gone', () => {
        expect(again.outputs.get(name)?.stdout.toString()).toBe(
          live.outputs.get(name)?.stdout.toString(),
        );
        expect(again.outputs.get(name)).toEqual(live.outputs.get(name));
      });
    });
  }

  describe('the run', () => {
    test('had no server to ask in replay, and asked none', () => {
      expect(reachable).not.toContain(true);
      expect(again.receipt).toMatchObject({ missed: 0, liveCalls: 0, unused: 0, failed: 0 });
    });

    test('served as much as it had recorded', () => {
      const { recorded } = live.receipt as { readonly recorded: number };
      expect(recorded).toBeGreaterThan(50);
      expect(again.receipt).toMatchObject({ loaded: recorded, served: recorded });
    });
  });
});

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const open = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return open;
}
