import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './child.ts';
import { has, makeCertificate, untilOpen } from './real-servers.ts';

/** A server of data, as other people run it, on a port of its own. */
export interface DataServer {
  readonly port: number;
  /** The authority of its certificate, for MAGNETO_UPSTREAM_CA; it has one where TLS was asked for. */
  readonly caFile: string;
  readonly stop: () => Promise<void>;
}

/** Debian keeps the servers of PostgreSQL in a folder of their version, the newest of which counts. */
const searchPath = [
  process.env['PATH'] ?? '',
  '/usr/sbin:/sbin',
  ...globSync('/usr/lib/postgresql/*/bin').toSorted().toReversed(),
].join(':');

/** Whether PostgreSQL is there. */
export function hasPostgres(): boolean {
  const found = spawnSync('postgres', ['--version'], { env: { PATH: searchPath } });
  return found.status === 0 && has('psql');
}

/** Starts Redis, without persistence; behind TLS where that is asked for. */
export function startRedis({ tls = false } = {}): Promise<DataServer> {
  return startServer(tls, ({ folder, port, ca }) => {
    const leaf = join(folder, 'leaf');
    const listening = tls
      ? `--port 0 --tls-port ${port} --tls-auth-clients no --tls-cert-file ${leaf}.crt --tls-key-file ${leaf}.key --tls-ca-cert-file ${ca}`
      : `--port ${port}`;
    const rest = `--bind 127.0.0.1 --dir ${folder} --loglevel warning --appendonly no`;
    return ['redis-server', ...`${listening} ${rest}`.split(' ')];
  });
}

/** Starts NATS with JetStream. */
export function startNats(): Promise<DataServer> {
  return startServer(false, ({ folder, port }) =>
    `nats-server -a 127.0.0.1 -p ${port} -js -sd ${folder}/js -l ${folder}/nats.log`.split(' '),
  );
}

/** Starts PostgreSQL for a user `tester` who needs no password; it takes TLS where that is asked for. */
export function startPostgres(): Promise<DataServer> {
  return startServer(true, ({ folder, port }) => {
    spawnSync('chown', ['-R', 'nobody', folder]);
    // It refuses to run as root.
    const owner = process.getuid?.() === 0 ? 'setpriv --reuid=nobody --clear-groups ' : '';
    const init = `${owner}initdb -D ${folder}/cluster -U tester -A trust --no-sync`.split(' ');
    const [program = '', ...args] = init;
    const made = spawnSync(program, args, { env: { PATH: searchPath }, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
    const listening = `-c port=${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder}`;
    const secure = `-c ssl=on -c ssl_cert_file=${folder}/leaf.crt -c ssl_key_file=${folder}/leaf.key`;
    return `${owner}postgres -D ${folder}/cluster ${listening} ${secure} -c fsync=off`.split(' ');
  });
}

interface Place {
  readonly folder: string;
  readonly port: number;
  readonly ca: string;
}

async function startServer(
  tls: boolean,
  command: (place: Place) => readonly string[],
): Promise<DataServer> {
  const folder = mkdtempSync(join(tmpdir(), 'magneto-data-'));
  const caFile = tls ? makeCertificate(folder).caFile : '';
  if (tls) chmodSync(join(folder, 'leaf.key'), 0o600);
  const port = await freePort();
  const [program = '', ...args] = command({ folder, port, ca: caFile });
  const server = spawn(program, args, { env: { PATH: searchPath }, stdio: 'ignore' });
  await untilOpen(port);
  return {
    port,
    caFile,
    async stop() {
      await end(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
