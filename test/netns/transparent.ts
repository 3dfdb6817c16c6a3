import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { expect } from '@jest/globals';
import type { Ran } from '../end-to-end/child.ts';
import { openAuthority } from '../../src/tls/tls.ts';
import type { Namespace } from './namespaces.ts';
import { untilReady } from './namespaces.ts';

/** The user that the proxy runs as, and the application too; and the group that only the proxy has. */
export const uid = 1000;
export const proxyGid = 48_889;

const running = new Set<ChildProcess>();

/** Ends what a test that failed has left running. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

function watched<Child extends ChildProcess>(child: Child): Child {
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

/** Runs lines of shell inside, each of which has to succeed without a word. */
export async function does(inside: Namespace, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) expect(await inside.run('sh', '-ec', line)).toBe('');
}

/** Joins an application's namespace and that of the world by a cable, over IPv4 and IPv6. */
export async function joinWorld(app: Namespace, world: Namespace): Promise<void> {
  await joinBehind(app, world, { name: 'cable', networks: ['10.77.0', 'fd77::'] });
}

/** Joins a namespace and its router by a cable, over IPv4 and IPv6: it is .1 of each network, the router .2. */
export async function joinBehind(
  inner: Namespace,
  router: Namespace,
  cable: { readonly name: string; readonly networks: readonly [v4: string, v6: string] },
): Promise<void> {
  const { name, networks } = cable;
  const [v4, v6] = networks;
  await does(
    inner,
    `ip link add ${name} type veth peer name ${name} netns ${router.pid}`,
    `ip address add ${v4}.1/24 dev ${name}`,
    `ip address add ${v6}1/64 dev ${name} nodad`,
    `ip link set ${name} up`,
  );
  await does(
    router,
    `ip address add ${v4}.2/24 dev ${name}`,
    `ip address add ${v6}2/64 dev ${name} nodad`,
    `ip link set ${name} up`,
  );
  await does(inner, `ip route add default via ${v4}.2`, `ip -6 route add default via ${v6}2`);
}

/** What the kernel holds, of both families and kinds, but for times and counters. */
export async function rulesIn(inside: Namespace): Promise<string> {
  const saves = ['iptables-nft', 'ip6tables-nft', 'iptables-legacy', 'ip6tables-legacy'];
  const all = await Promise.all(saves.map((save) => inside.run(`${save}-save`)));
  return all
    .join('')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\[\d+:\d+\]/g, '[0:0]');
}

/** A magneto as an image has it: the bundle, the library that asks the kernel, a Node; and a folder that is its user's. */
export interface Installed {
  readonly folder: string;
  readonly node: string;
  readonly bundle: string;
  /** A resolv.conf that names the world's name server. */
  readonly resolvConf: string;
}

/** Puts all of it where any user can read it. */
export async function install(folder: string): Promise<Installed> {
  await chmod(folder, 0o755);
  const node = join(folder, 'node');
  await cp(process.execPath, node);
  for (const file of ['dist/magneto.cjs', 'node_modules/koffi', 'node_modules/@koromix']) {
    const target = join(folder, file.replace('dist/', ''));
    await mkdir(dirname(target), { recursive: true });
    await cp(resolve(file), target, { recursive: true });
  }
  const resolvConf = join(folder, 'resolv.conf');
  await writeFile(resolvConf, 'search lan.test\nnameserver 10.77.0.2\noptions timeout:2\n');
  return { folder, node, bundle: join(folder, 'magneto.cjs'), resolvConf };
}

/** What a command begins with that runs inside, as a user and group, and asks the world's name server. */
export function within(
  inside: Namespace,
  { resolvConf }: Installed,
  { gid = uid, user = uid }: { readonly gid?: number; readonly user?: number } = {},
): readonly string[] {
  const mount = 'mount --bind "$0" /etc/resolv.conf; exec "$@"';
  const resolving = ['unshare', '-m', 'sh', '-ec', mount, resolvConf];
  const ids = ['--reuid', String(user), '--regid', String(gid), '--clear-groups'];
  return [...inside.through, ...resolving, 'setpriv', ...ids, '--'];
}

/** Runs a command to its end; standard output where it succeeded, all that it said otherwise. */
export async function ran(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [command = '', ...args] = words;
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return status === 0 ? said.stdout : `ended with ${status}: ${said.stdout}${said.stderr}`;
}

/** A magneto that serves inside, as its own user and group, and is ready. */
export function serve(
  inside: Namespace,
  installed: Installed,
  variables: Readonly<Record<string, string>>,
): ReturnType<typeof serveUntil> {
  return serveUntil({ inside, installed, variables, until: untilReady });
}

/** A magneto that serves inside, as its own user and group, as far as `until` wants it to be. */
export async function serveUntil({
  inside,
  installed,
  variables,
  until,
}: {
  readonly inside: Namespace;
  readonly installed: Installed;
  readonly variables: Readonly<Record<string, string>>;
  readonly until: (inside: Namespace) => Promise<void>;
}): Promise<{ readonly stop: (signal?: NodeJS.Signals) => Promise<Ran> }> {
  const through = within(inside, installed, { gid: proxyGid });
  const [command, ...args] = [...through, installed.node, installed.bundle];
  for (const name of ['certs', 'cassettes']) {
    const path = join(installed.folder, name);
    await mkdir(path, { recursive: true });
    await chown(path, uid, uid);
  }
  const env = {
    MAGNETO_CERT_DIR: join(installed.folder, 'certs'),
    MAGNETO_CASSETTE_DIR: join(installed.folder, 'cassettes'),
    ...variables,
  };
  const child = watched(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env }));
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  const exited = once(child, 'close').then(([status, signal]) => ({
    status: status as number | null,
    signal: signal as NodeJS.Signals | null,
    ...said,
  }));
  const early = exited.then(({ stderr, stdout }) => {
    throw new Error(`magneto ended before it served: ${stderr}${stdout}`);
  });
  early.catch(() => {});
  await Promise.race([until(inside), early]);
  return {
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}

/** Starts the machine of `origin.ts`; the answer ends it. */
export async function startWorld(
  world: Namespace,
  folder: string,
): Promise<{ readonly caFile: string; readonly stop: () => Promise<void> }> {
  const directory = join(folder, 'world');
  const authority = await openAuthority({ directory });
  await certify(directory, authority.certificateFile);
  const files = ['leaf.pem', 'leaf.key'].map((name) => join(directory, name));
  const [command, ...args] = [...world.through, process.execPath];
  const child = watched(
    spawn(command, [...args, resolve('test/netns/origin.ts'), ...files], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'close').then(() => Promise.reject(new Error('the world did not come to be'))),
  ]);
  await chmod(directory, 0o755);
  return {
    caFile: authority.certificateFile,
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

/** A certificate of the world's authority for its hosts. */
async function certify(directory: string, caFile: string): Promise<void> {
  const names = 'subjectAltName=DNS:origin.test,DNS:four.test,IP:10.77.0.2,IP:fd77::2';
  const lines = [
    'openssl req -newkey rsa:2048 -nodes -keyout leaf.key -subj /CN=origin.test -out leaf.csr',
    `printf '%s' '${names}' > names`,
    `openssl x509 -req -in leaf.csr -CA ${caFile} -CAkey ca.key -days 2 -extfile names -out leaf.pem`,
  ];
  const done = await ran(['sh', '-ec', `cd ${directory}; ${lines.join('; ')}`]);
  expect(done).not.toMatch(/^ended with/);
}
