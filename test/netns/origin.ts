import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { addressRecords, plainFinding, writeAnswer } from '../../src/support/dns-finding.ts';
import { framed, readQuestion, unframed } from '../../src/support/dns-message.ts';

// A machine in a namespace of its own: HTTP, HTTPS, WebSocket on their usual ports, one protocol in
// which the server speaks first, and the name server of a small world. It answers the same each time.

const [certificate = '', key = ''] = process.argv.slice(2);
const world: Readonly<Record<string, string>> = {
  'A origin.test': '10.77.0.2',
  'AAAA origin.test': 'fd77::2',
  'A four.test': '10.77.0.2',
};

const answer: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.sendDate = false;
    const at = request.socket.localAddress?.replace(/^::ffff:/, '');
    const body = JSON.stringify({
      path: request.url,
      host: request.headers.host,
      said: Buffer.concat(chunks).toString(),
      // Which of its addresses was reached, for who wants to know.
      ...(request.url?.startsWith('/at') === true && { at }),
    });
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      'Alt-Svc': 'h3=":443"; ma=60',
    });
    response.end(body);
  });
};

const sockets = new WebSocketServer({ noServer: true });
const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.send('hello');
    webSocket.on('message', (data: Buffer, binary) => webSocket.send(data, { binary }));
  });
};

function told(message: Buffer): Buffer | undefined {
  const question = readQuestion(message);
  if (question === undefined) return undefined;
  const known = Object.keys(world).some((entry) => entry.endsWith(` ${question.name}`));
  const address = world[`${question.type} ${question.name}`];
  const addresses = address === undefined ? [] : [address];
  const records = addressRecords(question, { addresses, ttl: 30 });
  return writeAnswer(message, plainFinding(known ? 'NOERROR' : 'NXDOMAIN', records));
}

createServer(answer).on('upgrade', upgrade).listen(80);
createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key) }, answer)
  .on('upgrade', upgrade)
  .listen(443);
for (const port of [2525, 2526]) {
  createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.end('220 server speaks first\n');
  }).listen(port);
}

// And one that says what it hears.
createTcpServer((socket) => {
  socket.on('error', () => {});
  socket.pipe(socket);
}).listen(7007);

const datagrams = createSocket({ type: 'udp6' });
datagrams.on('message', (message, { address, port }) => {
  const response = told(message);
  if (response !== undefined) datagrams.send(response, port, address);
});
datagrams.bind(53);
createTcpServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (bytes: Buffer) => {
    const response = told(unframed(bytes)?.message ?? Buffer.alloc(0));
    if (response !== undefined) socket.write(framed(response));
  });
}).listen(53, () => process.stdout.write('serving\n'));
