import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';

/** A chat room as one would write it: presence, typing, messages to all, history by pages over HTTP. */
export interface ChatServer {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** Starts a chat room. Who joins is told by a bearer token, `token-of-NAME`. */
export async function startChatServer(): Promise<ChatServer> {
  const history: object[] = [];
  const members = new Map<WebSocket, string>();
  const toAll = (message: object, but?: WebSocket): void => {
    for (const socket of members.keys()) {
      if (socket !== but) socket.send(JSON.stringify(message));
    }
  };
  const join = (socket: WebSocket, request: IncomingMessage): void => {
    const name = /token-of-(\w+)/.exec(request.headers.authorization ?? '')?.[1] ?? 'nobody';
    toAll({ type: 'presence', user: name, online: true });
    members.set(socket, name);
    socket.send(JSON.stringify({ type: 'welcome', user: name, session: randomUUID() }));
    socket.on('message', (bytes: Buffer) => {
      const message = JSON.parse(bytes.toString()) as Readonly<Record<string, unknown>>;
      if (message['type'] === 'typing') toAll({ type: 'typing', user: name }, socket);
      if (message['type'] !== 'say') return;
      const { text, clientId, at } = message;
      const said = { type: 'said', id: randomUUID(), user: name, text, clientId, at };
      history.push(said);
      toAll(said);
    });
    socket.on('close', () => {
      members.delete(socket);
      toAll({ type: 'presence', user: name, online: false });
    });
  };
  const server = createServer((request, response) => {
    const from = Number(new URL(request.url ?? '', 'http://x').searchParams.get('from'));
    const messages = history.slice(from, from + 2);
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ messages, next: from + messages.length }));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', join);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of members.keys()) socket.terminate();
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}
