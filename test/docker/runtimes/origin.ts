// What the runtimes ask: over HTTPS alone. Files below /srv (packages), a repository over git's smart
// protocol, and for anything else an answer with a fresh number, so that a replayed one gives itself away.
import { spawn } from 'node:child_process';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { join, normalize } from 'node:path';
import { buffer } from 'node:stream/consumers';

let count = 0;

function answer(request: IncomingMessage, response: ServerResponse, path: string): void {
  count += 1;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ number: count, method: request.method, path }));
}

/** The file below /srv that a path names, an index.html where it names a folder. */
function fileAt(path: string): string | undefined {
  const file = join('/srv', normalize(path), path.endsWith('/') ? 'index.html' : '');
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true ? file : undefined;
}

function serve(file: string, response: ServerResponse): void {
  // pip reads no page that is not said to be one.
  if (file.endsWith('.html')) response.setHeader('content-type', 'text/html');
  createReadStream(file).pipe(response);
}

/** git's own server, which speaks CGI: a head, an empty line, a body. */
async function git(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const { headers, method } = request;
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: '/srv/git',
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
      PATH_INFO: url.pathname.replace(/^\/git/, ''),
      QUERY_STRING: url.searchParams.toString(),
      REQUEST_METHOD: method,
      CONTENT_TYPE: headers['content-type'],
      HTTP_CONTENT_ENCODING: headers['content-encoding'],
    },
  });
  request.pipe(child.stdin);
  const output = await buffer(child.stdout);
  const end = output.indexOf('\r\n\r\n');
  for (const line of output.subarray(0, end).toString('latin1').split('\r\n')) {
    const [name = '', value = ''] = line.split(': ');
    if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(output.subarray(end + 4));
}

const pki = { key: readFileSync('/pki/leaf.key'), cert: readFileSync('/pki/leaf.pem') };
createServer(pki, (request, response) => {
  const url = new URL(request.url ?? '/', 'https://origin');
  const file = fileAt(url.pathname);
  if (url.pathname.startsWith('/git/')) void git(request, response, url);
  else if (file !== undefined) serve(file, response);
  else if (/^\/(apt|npm|pip)\//.test(url.pathname)) response.writeHead(404).end();
  else answer(request, response, url.pathname);
}).listen(443);

process.on('SIGTERM', () => process.exit(0));
