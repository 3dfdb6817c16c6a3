// The ws package. It knows no proxy of its own, so where there is one the tunnel is made here, as its
// users make it.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { WebSocket } from 'ws';
import type { Ask } from './clients.ts';

const { url } = JSON.parse(process.argv[2] ?? '') as Ask;
const messages: readonly (string | Buffer)[] = ['hello', Buffer.from([0, 1, 254, 255]), 'bye'];

async function tunnel(proxy: string, { hostname, port, protocol }: URL): Promise<Duplex> {
  const path = `${hostname}:${port}`;
  const asked = request(proxy, { method: 'CONNECT', path });
  asked.end();
  const [answer, socket] = (await once(asked, 'connect')) as [IncomingMessage, Socket];
  if (answer.statusCode !== 200) throw new Error(`CONNECT: ${answer.statusCode}`);
  if (protocol === 'ws:') return socket;
  const secure = connect({ socket, servername: hostname });
  await once(secure, 'secureConnect');
  return secure;
}

const proxy = process.env['http_proxy'];
const socket = proxy === undefined ? undefined : await tunnel(proxy, new URL(url));
const way = socket === undefined ? {} : { createConnection: () => socket as Socket };
const client = new WebSocket(url, ['chat.v1'], way);
const lines: string[] = [];
let said = 0;
client.on('upgrade', (response) => {
  lines.push(`${response.statusCode} ${response.statusMessage}`);
  // The answer to the key that this client made up: it has to differ from one handshake to the next.
  const names = Object.keys(response.headers).filter((name) => name !== 'sec-websocket-accept');
  lines.push(...names.map((name) => `${name}: ${String(response.headers[name])}`));
});
client.on('ping', (bytes) => lines.push(`ping ${bytes.toString()}`));
client.on('message', (bytes: Buffer, isBinary) => {
  lines.push(isBinary ? `binary ${bytes.toString('hex')}` : `text ${bytes.toString()}`);
  const next = messages[said];
  said += 1;
  if (next !== undefined) client.send(next);
});
client.on('error', (error) => lines.push(`error ${error.message}`));
client.on('close', (code, reason) => {
  process.stdout.write(`protocol ${client.protocol}\n${lines.join('\n')}\n`);
  process.stderr.write(`closed ${code} ${reason.toString()}`);
});
