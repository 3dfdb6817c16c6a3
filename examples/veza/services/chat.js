// Rooms over WebSocket, their history over HTTP, and a little of it over gRPC. Asks `auth` who somebody
// is, and tells the bus what was said.
import { randomUUID } from 'node:crypto';
import { WebSocketServer } from 'ws';
import { call, grpcClient, serveGrpc } from './grpc.js';
import { sendJson, serveHttp } from './http.js';
import { openBus } from './nats.js';

const auth = grpcClient('auth', 'AuthService', process.env.AUTH_GRPC ?? 'auth:50050');
const bus = await openBus('chat');
const rooms = new Map();
const history = [];

async function userOf(token) {
  const metadata = { authorization: `Bearer ${token}` };
  const { user } = await call(auth, 'Validate', { token }, metadata);
  return user;
}

function broadcast(room, event, besides) {
  const text = JSON.stringify(event);
  for (const one of rooms.get(room) ?? []) if (one !== besides) one.send(text);
}

const says = {
  join(socket, { room }) {
    socket.room = room;
    const members = rooms.get(room) ?? new Set();
    rooms.set(room, members.add(socket));
    const present = [...members].map(({ user }) => user.name);
    broadcast(room, { type: 'presence', joined: socket.user.name, present });
    const last = history.filter((line) => line.room === room).slice(-5);
    socket.send(JSON.stringify({ type: 'room_joined', room, history: last }));
  },
  typing(socket) {
    broadcast(socket.room, { type: 'typing', name: socket.user.name }, socket);
  },
  async message(socket, { text, clientId, thread }) {
    const line = { id: randomUUID(), room: socket.room, from: socket.user.name, text, thread };
    history.push(line);
    await bus.publish(`chat.events.${socket.room}`, { from: line.from, text });
    socket.send(JSON.stringify({ type: 'message_sent', clientId, id: line.id }));
    broadcast(socket.room, { type: 'message', ...line }, socket);
  },
  reaction(socket, { id, emoji }) {
    broadcast(socket.room, { type: 'reaction_added', id, emoji, from: socket.user.name });
  },
  webrtc(socket, { to, sdp, kind }) {
    const other = [...(rooms.get(socket.room) ?? [])].find(({ user }) => user.name === to);
    other?.send(JSON.stringify({ type: 'webrtc', kind, from: socket.user.name, sdp }));
  },
};

const server = await serveHttp(8080, {
  'GET /api/messages': async ({ url, request, response }) => {
    await userOf(request.headers.authorization?.slice(7) ?? '');
    const [after, limit] = ['after', 'limit'].map((name) => Number(url.searchParams.get(name)));
    const page = history.slice(after, after + limit);
    const next = after + page.length < history.length ? after + page.length : null;
    sendJson(response, { messages: page.map(({ from, text }) => ({ from, text })), next });
  },
});

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });
server.on('upgrade', async (request, socket, head) => {
  const url = new URL(request.url, 'http://localhost');
  try {
    const user = await userOf(url.searchParams.get('token') ?? '');
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.user = user;
      ws.on('message', async (data) => {
        const said = JSON.parse(data);
        await says[said.type]?.(ws, said);
      });
      ws.on('close', () => {
        rooms.get(ws.room)?.delete(ws);
        broadcast(ws.room, { type: 'presence', left: user.name });
      });
      ws.send(JSON.stringify({ type: 'hello', user }));
    });
  } catch {
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
  }
});

await serveGrpc(
  'chat',
  'ChatService',
  {
    Rooms({ request }, answer) {
      const names = ['lobby', 'music', 'späti'];
      const page = names.slice(request.page, request.page + 2);
      const next = request.page + 2 < names.length ? request.page + 2 : 0;
      answer(null, { rooms: page, next_page: next });
    },
    Talk(talk) {
      talk.on('data', ({ text }) => {
        talk.write({ from: { id: 'echo', name: 'echo' }, text: text.toUpperCase() });
      });
      talk.on('end', () => talk.end());
    },
  },
  50051,
);
console.log('chat is ready');
