import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../end-to-end/child.ts';
import type { Running } from '../end-to-end/with-appliance.ts';
import { modeIn, startWith } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';

/** grpc-go's own programs for the interoperability cases of gRPC, which every implementation has to pass. */
const version = 'v1.85.0';
const folder = resolve('node_modules/.cache/grpc-interop', version);
const go = ['go', '/usr/local/go/bin/go'].find(runs);

/** Those that grpc-go runs itself: all but such as need credentials of a cloud, or several servers. */
const cases = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
  'orca_per_rpc',
  'orca_oob',
  'rpc_soak',
  'channel_soak',
] as const;

const reason = 'there is no Go to build the interoperability cases with';
describeWhere({ ok: go !== undefined, reason }, 'the interoperability cases of gRPC', () => {
  beforeAll(() => {
    if (existsSync(join(folder, 'server'))) return;
    const programs = ['client', 'server'].map((one) => `google.golang.org/grpc/interop/${one}`);
    const env = { ...process.env, GOBIN: folder };
    execFileSync(go ?? '', ['install', ...programs.map((one) => `${one}@${version}`)], { env });
  }, 600_000);

  describe.each([
    ['in the clear', false],
    ['over TLS', true],
  ])('%s', (_how, secure) => {
    let place = '';
    let port = 0;

    beforeAll(async () => {
      place = mkdtempSync(join(tmpdir(), 'magneto-interop-'));
      certify(place);
      port = await freePort();
    });

    afterAll(() => rmSync(place, { recursive: true }));

    test.each(cases)(
      '%s passes while recorded, and again with the server gone',
      async (name) => {
        const here = join(place, name);
        const server = await startServer(port, place, secure);
        try {
          await withRunning({ here, mode: 'record', place, name }, async (running) => {
            expect(await runCase({ name, running, port, secure })).toBe('passed');
          });
        } finally {
          server.kill('SIGKILL');
          if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
        }
        await withRunning({ here, mode: 'replay', place, name }, async (running) => {
          expect(await runCase({ name, running, port, secure })).toBe('passed');
        });
      },
      60_000,
    );
  });
});

function runs(command: string): boolean {
  try {
    execFileSync(command, ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The client takes no proxy to localhost, so the server is asked by the name of this machine. */
const host = hostname();

function certify(directory: string): void {
  const script = `
    cd "$0"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca \\
      -keyout ca.key -out ca.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server \\
      -keyout server.key -out server.csr
    printf 'subjectAltName=DNS:%s' "$1" >names
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \\
      -extfile names -out server.pem`;
  execFileSync('sh', ['-ec', script, directory, host], { stdio: 'ignore' });
}

async function startServer(port: number, place: string, secure: boolean): Promise<ChildProcess> {
  const tls = secure
    ? [
        '--use_tls',
        `--tls_cert_file=${join(place, 'server.pem')}`,
        `--tls_key_file=${join(place, 'server.key')}`,
      ]
    : [];
  const server = spawn(join(folder, 'server'), [`--port=${port}`, ...tls], { stdio: 'ignore' });
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await answers(port)) return server;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error('the server of the interoperability cases does not listen');
}

async function answers(port: number): Promise<boolean> {
  const socket = createConnection({ host: '127.0.0.1', port });
  const [open] = await Promise.race([
    once(socket, 'connect').then(() => [true]),
    once(socket, 'error').then(() => [false]),
  ]).catch(() => [false]);
  socket.destroy();
  return open === true;
}

interface Run {
  readonly here: string;
  readonly mode: string;
  readonly place: string;
  readonly name: string;
}

async function withRunning(
  { here, mode, place, name }: Run,
  body: (running: Running) => Promise<void>,
): Promise<void> {
  const running = await startWith({
    ...modeIn(here, mode),
    MAGNETO_UPSTREAM_CA: join(place, 'ca.pem'),
    // What one call of this case is told depends on when another one was made.
    MAGNETO_LATENCY: name === 'orca_oob' ? 'recorded' : 'none',
  });
  try {
    await body(running);
  } finally {
    await running.appliance.stop();
  }
}

interface Case {
  readonly name: string;
  readonly running: Running;
  readonly port: number;
  readonly secure: boolean;
}

/** `passed`, or what the client said. */
async function runCase({ name, running, port, secure }: Case): Promise<string> {
  const { proxyPort, caFile } = running.via;
  const tls = secure ? ['--use_tls', '--use_test_ca', `--ca_file=${caFile}`] : [];
  const client = spawn(
    join(folder, 'client'),
    [
      `--server_host=${host}`,
      `--server_port=${port}`,
      `--test_case=${name}`,
      '--service_config_json={"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}',
      ...tls,
    ],
    {
      env: {
        HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`,
        GRPC_GO_LOG_SEVERITY_LEVEL: 'error',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const timer = setTimeout(() => client.kill('SIGKILL'), 25_000);
  let words = '';
  client.stderr.on('data', (bytes: Buffer) => (words += bytes.toString()));
  const [code] = (await once(client, 'close')) as [number | null];
  clearTimeout(timer);
  return code === 0 ? 'passed' : `exit ${code}: ${words}`;
}
