import { urlHost } from '../exchange/destination.ts';

/** Where a runtime is to find magneto: the port of the proxy, which also speaks TLS as `magneto.local`. */
export interface TrustTarget {
  readonly host: string;
  readonly port: number;
  /** Where the trust kit is mounted. */
  readonly trustDir: string;
}

/** How a runtime is asked whether it trusts the CA: by a request of its own, under its own settings. */
export interface Runtime {
  readonly name: string;
  readonly command: string;
  readonly args: (target: TrustTarget) => readonly string[];
  /** What makes it trust. */
  readonly add: (trustDir: string) => string;
  /** For one whose exit status tells nothing: whether it got through TLS, by what it said. */
  readonly passed?: (said: string) => boolean;
}

/** Ends a script that cannot ask, because a library is not there. */
export const absentStatus = 42;

const request = String.raw`GET /ca.pem HTTP/1.0\r\nHost: magneto.local\r\n\r\n`;

const nodeScript = `const [host, port] = process.argv.slice(1);
require('node:https').get({ host, port, servername: 'magneto.local', path: '/ca.pem', agent: false,
  headers: { host: 'magneto.local' } }, (answer) => answer.resume())
  .on('error', (error) => { console.error(error.code, error.message); process.exit(1); });`;

const pythonAsks = `s = context.wrap_socket(socket.create_connection((sys.argv[1], int(sys.argv[2])), 10), server_hostname='magneto.local')
s.sendall(b'${request}')
s.recv(1)`;

const pythonScript = `import socket, ssl, sys
context = ssl.create_default_context()
${pythonAsks}`;

const requestsScript = `import os, socket, ssl, sys
try:
    from requests.certs import where
except ImportError:
    sys.exit(${absentStatus})
bundle = os.environ.get('REQUESTS_CA_BUNDLE') or os.environ.get('CURL_CA_BUNDLE') or where()
context = ssl.create_default_context(**{'capath' if os.path.isdir(bundle) else 'cafile': bundle})
${pythonAsks}`;

const rubyScript = `require 'socket'
require 'openssl'
context = OpenSSL::SSL::SSLContext.new
context.set_params
socket = OpenSSL::SSL::SSLSocket.new(TCPSocket.new(ARGV[0], ARGV[1].to_i), context)
socket.hostname = 'magneto.local'
socket.connect
socket.post_connection_check('magneto.local')
socket.write("${request}")
socket.read`;

const phpScript = `$context = stream_context_create(['ssl' => ['peer_name' => 'magneto.local']]);
$socket = stream_socket_client("ssl://$argv[1]:$argv[2]", $code, $words, 10, STREAM_CLIENT_CONNECT, $context);
if (!$socket) exit(1);
fwrite($socket, "${request}");
fgets($socket);`;

const denoScript = (host: string, port: number): string =>
  `const tcp = await Deno.connect({ hostname: ${JSON.stringify(host)}, port: ${port} });
const tls = await Deno.startTls(tcp, { hostname: 'magneto.local' });
await tls.write(new TextEncoder().encode("${request}"));
await tls.read(new Uint8Array(1));
tls.close();`;

const asArguments = ({ host, port }: TrustTarget): readonly string[] => [host, String(port)];

/** The runtimes that are asked, where they are on the path. */
export const runtimes: readonly Runtime[] = [
  {
    name: 'curl',
    command: 'curl',
    args: ({ host, port }) => [
      '-sS',
      '-m',
      '10',
      '--noproxy',
      '*',
      '-o',
      '/dev/null',
      '--connect-to',
      `magneto.local:443:${urlHost(host)}:${port}`,
      'https://magneto.local/ca.pem',
    ],
    add: (dir) => `CURL_CA_BUNDLE=${dir}/bundle.pem`,
  },
  {
    name: 'node',
    command: 'node',
    args: (target) => ['--eval', nodeScript, ...asArguments(target)],
    add: (dir) => `NODE_EXTRA_CA_CERTS=${dir}/ca.pem`,
  },
  {
    name: 'python3',
    command: 'python3',
    args: (target) => ['-c', pythonScript, ...asArguments(target)],
    add: (dir) => `SSL_CERT_FILE=${dir}/bundle.pem`,
  },
  {
    name: 'python3 requests',
    command: 'python3',
    args: (target) => ['-c', requestsScript, ...asArguments(target)],
    add: (dir) => `REQUESTS_CA_BUNDLE=${dir}/bundle.pem`,
  },
  {
    name: 'git',
    command: 'git',
    args: ({ host, port }) => [
      '-c',
      'http.proxy=',
      '-c',
      `http.curloptResolve=magneto.local:${port}:${host}`,
      'ls-remote',
      `https://magneto.local:${port}/doctor`,
    ],
    add: (dir) => `GIT_SSL_CAINFO=${dir}/bundle.pem`,
    // There is no repository to be found, which it learns only behind TLS.
    passed: (said) => /not found/i.test(said),
  },
  {
    name: 'ruby',
    command: 'ruby',
    args: (target) => ['-e', rubyScript, ...asArguments(target)],
    add: (dir) => `SSL_CERT_FILE=${dir}/bundle.pem`,
  },
  {
    name: 'php',
    command: 'php',
    args: (target) => ['-r', phpScript, ...asArguments(target)],
    add: (dir) => `SSL_CERT_FILE=${dir}/bundle.pem`,
  },
  {
    name: 'deno',
    command: 'deno',
    args: ({ host, port }) => ['eval', denoScript(host, port)],
    add: (dir) => `DENO_CERT=${dir}/ca.pem`,
  },
];
