import { WebSocket, WebSocketServer } from 'ws';

/**
 * The server of the crowd: it says back what it hears. With a URL it is a relay instead, written with
 * ws as one would at first: the yardstick.
 */
const [behind] = process.argv.slice(2);
const server = new WebSocketServer({
  host: '127.0.0.2',
  port: 0,
  perMessageDeflate: false,
  backlog: 4096,
});
server.on('connection', (client) => {
  client.on('error', () => {});
  if (behind === undefined) {
    client.on('message', (bytes, binary) => client.send(bytes, { binary }));
    return;
  }
  const other = new WebSocket(behind, { perMessageDeflate: false });
  const opened = new Promise((resolve) => other.once('open', resolve));
  other.on('error', () => client.terminate());
  client.on('message', (bytes, binary) => {
    void opened.then(() => other.send(bytes, { binary }));
  });
  other.on('message', (bytes, binary) => client.send(bytes, { binary }));
  client.on('close', () => other.close());
  other.on('close', () => client.close());
});
server.on('listening', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
});
