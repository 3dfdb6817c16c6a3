// The ws library through CONNECT. Arguments: proxy port, CA file, WebSocket URLs.
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { secureTunnel, tunnel } from '../client.ts';

const [proxyPort, caFile = '', ...urls] = process.argv.slice(2);
const via = { proxyPort: Number(proxyPort), caFile };
for (const url of urls) {
  await converse(url);
  await converse(url);
}

async function converse(address: string): Promise<void> {
  const url = new URL(address);
  const socket: Duplex =
    url.protocol === 'wss:' ? await secureTunnel(via, url) : await tunnel(via, url.host);
  const client = new WebSocket(address, ['chat.v1', 'other'], { createConnection: () => socket });
  let server = '';
  client.on('upgrade', (response) => {
    server = String(response.headers['server']);
  });
  client.on('open', () => say(`${client.protocol} ${client.extensions} ${server}`));
  client.on('pong', (bytes) => say(`pong ${bytes.toString()}`));
  const heard: string[] = [];
  let wake = (): void => {};
  client.on('message', (bytes: Buffer, binary) => {
    heard.push(binary ? `binary ${bytes.toString('base64')}` : `text ${bytes.toString()}`);
    wake();
  });
  const next = async (): Promise<void> => {
    while (heard.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    say(heard.shift() ?? '');
  };
  await next();
  for (const message of ['Grüße', Buffer.from([0, 1, 254, 255]), 'x'.repeat(5000), '']) {
    client.send(message);
    await next();
  }
  client.ping('p');
  await once(client, 'pong');
  client.send('close');
  const [code, reason] = (await once(client, 'close')) as [number, Buffer];
  say(`closed ${code} ${reason.toString()}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
