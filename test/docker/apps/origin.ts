// A server that knows nothing of magneto: HTTP on 80, HTTPS on 443 (key and certificate in /pki), and
// WebSocket on both. Each answer carries a fresh number, so that a replayed one gives itself away.
import { readFileSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { WebSocketServer } from 'ws';

let count = 0;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  count += 1;
  const body = await text(request);
  const { method, url } = request;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ number: count, method, url, body }));
}

const key = readFileSync('/pki/leaf.key');
const cert = readFileSync('/pki/leaf.pem');
const servers = [createServer(), createSecureServer({ key, cert })] as const;

for (const [index, server] of servers.entries()) {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void answer(request, response);
  });
  new WebSocketServer({ server }).on('connection', (socket) => {
    count += 1;
    socket.send(`welcome ${count}`);
    socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
  });
  server.listen([80, 443][index]);
}

process.on('SIGTERM', () => process.exit(0));
