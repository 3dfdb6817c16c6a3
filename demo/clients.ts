import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { cleanEnvironment } from './appliance.ts';
import { watched } from './running.ts';

/** What a client is told to ask for. */
export interface Ask {
  readonly url: string;
  readonly method?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** Where a client finds the proxy if it is told of one, whom it trusts, and where it may write. */
export interface Way {
  readonly proxyUrl?: string;
  readonly caFile: string;
  readonly folder: string;
}

/** What a client got: heads and bodies as it saw them, and how it ended. */
export interface Observation {
  readonly bytes: Buffer;
  readonly ending: string;
}

/** A real client, run as a process of its own and steered by nothing but what its users have. */
export interface Client {
  readonly name: string;
  readonly present: () => Promise<boolean>;
  readonly run: (ask: Ask, way: Way) => Promise<Observation>;
}

const scripts = {
  fetch: fileURLToPath(new URL('./fetch-client.ts', import.meta.url)),
  websocket: fileURLToPath(new URL('./websocket-client.ts', import.meta.url)),
  urllib: join(import.meta.dirname, 'urllib-client.py'),
  requests: join(import.meta.dirname, 'requests-client.py'),
};

/** The clients of the demo; those that the machine lacks say so. */
export const clients = {
  curl: { name: 'curl', present: () => answers('curl', ['--version']), run: runCurl },
  wget: { name: 'wget', present: () => answers('wget', ['--version']), run: runWget },
  urllib: {
    name: 'python urllib',
    present: () => answers('python3', ['-c', 'import urllib.request, ssl']),
    run: (ask, way) => runScript(['python3', scripts.urllib], ask, way),
  },
  requests: {
    name: 'python requests',
    present: () => answers('python3', ['-c', 'import requests']),
    run: (ask, way) => runScript(['python3', scripts.requests], ask, way),
  },
  fetch: {
    name: 'node fetch',
    present: () => Promise.resolve(true),
    run: (ask, way) => runScript([process.execPath, scripts.fetch], ask, way),
  },
  websocket: {
    name: 'node ws',
    present: () => Promise.resolve(true),
    run: (ask, way) => runScript([process.execPath, scripts.websocket], ask, way),
  },
} as const satisfies Record<string, Client>;

async function answers(command: string, args: readonly string[]): Promise<boolean> {
  const { failed } = await execa(command, args, { reject: false, timeout: 10_000 });
  return !failed;
}

/** The variables with which each client's documentation says to trust an authority and to use a proxy. */
function steered({ proxyUrl, caFile, folder }: Way): Record<string, string> {
  return {
    ...cleanEnvironment(),
    CURL_HOME: folder,
    SSL_CERT_FILE: caFile,
    REQUESTS_CA_BUNDLE: caFile,
    NODE_EXTRA_CA_CERTS: caFile,
    ...(proxyUrl === undefined
      ? {}
      : { http_proxy: proxyUrl, https_proxy: proxyUrl, NODE_USE_ENV_PROXY: '1' }),
  };
}

async function runCurl(ask: Ask, way: Way): Promise<Observation> {
  const [head, body] = [join(way.folder, 'curl.head'), join(way.folder, 'curl.body')];
  const flags = ['-q', '--silent', '--location', '--max-time', '20', '--cacert', way.caFile];
  const files = ['--dump-header', head, '--output', body];
  const method = ask.method === undefined ? [] : ['--request', ask.method];
  const data = ask.body === undefined ? [] : ['--data-binary', ask.body];
  const headers = (ask.headers ?? []).flatMap((header) => ['--header', header]);
  const { exitCode } = await run(
    ['curl', ...flags, ...files, ...method, ...data, ...headers, ask.url],
    way,
  );
  const got = await Promise.all([head, body].map((file) => readFile(file).catch(() => nothing)));
  await run(['rm', '-f', head, body], way);
  return { bytes: Buffer.concat(got), ending: `exit ${exitCode}` };
}

const nothing: Buffer = Buffer.alloc(0);

async function runWget(ask: Ask, way: Way): Promise<Observation> {
  const flags = ['--no-config', '--no-hsts', '--quiet', '--tries=1', '--timeout=20'];
  const more = [`--ca-certificate=${way.caFile}`, '--save-headers', '--content-on-error'];
  const headers = (ask.headers ?? []).map((header) => `--header=${header}`);
  const output = ['--output-document=-', ask.url];
  const { exitCode, stdout } = await run(['wget', ...flags, ...more, ...headers, ...output], way);
  return { bytes: stdout, ending: `exit ${exitCode}` };
}

/** A script prints what it got on standard output, and how it ended on standard error. */
async function runScript(command: readonly string[], ask: Ask, way: Way): Promise<Observation> {
  const { stdout, stderr } = await run([...command, JSON.stringify(ask)], way);
  return { bytes: stdout, ending: stderr.toString().trim().split('\n').at(-1) ?? '' };
}

async function run(
  [file = '', ...args]: readonly string[],
  way: Way,
): Promise<{
  readonly exitCode: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}> {
  const child = execa(file, args, {
    extendEnv: false,
    env: steered(way),
    stdin: 'ignore',
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
    timeout: 30_000,
  });
  const { exitCode, stdout, stderr } = await watched(child);
  return { exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) };
}
