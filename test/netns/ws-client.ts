import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { rootCertificates } from 'node:tls';
import { WebSocket } from 'ws';

// Talks to a WebSocket server: URL, and the port of a proxy where it is told of one.

const [url = '', proxyPort = ''] = process.argv.slice(2);

async function tunnel(port: number): Promise<Socket> {
  const { hostname, protocol } = new URL(url);
  const authority = `${hostname}:${protocol === 'wss:' ? 443 : 80}`;
  const socket = connect(port, '127.0.0.1');
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}

const below = proxyPort === '' ? undefined : await tunnel(Number(proxyPort));
const { connect: secure } = await import('node:tls');
const createConnection =
  below === undefined
    ? undefined
    : () =>
        url.startsWith('wss:')
          ? secure({ socket: below, servername: new URL(url).hostname })
          : below;
const socket = new WebSocket(url, { createConnection });
const said: string[] = [];
socket.on('message', (data: Buffer, binary) => {
  said.push(`${binary ? 'binary' : 'text'} ${data.toString()}`);
  if (said.length === 1) socket.send('one');
  if (said.length === 2) socket.send(Buffer.from('two'));
  if (said.length === 3) socket.close(1000, 'enough');
});
socket.on('error', (error) => {
  process.stdout.write(`failed: ${error.message} (${rootCertificates.length})\n`);
  process.exitCode = 1;
});
socket.on('close', (code) => process.stdout.write(`${said.join('\n')}\nclosed ${code}\n`));
