// What a listener does: each scene gives what was seen, without what a client makes up anew each time.
import { createHash, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { call, grpcClient } from './grpc.js';

const auth = process.env.AUTH_URL ?? 'http://auth:8081';
const chat = process.env.CHAT_URL ?? 'http://chat:8080';
const stream = process.env.STREAM_URL ?? 'http://stream:8082';
const grpcOf = {
  chat: process.env.CHAT_GRPC ?? 'chat:50051',
  stream: process.env.STREAM_GRPC ?? 'stream:50052',
};

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

async function post(url, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return answer.status === 200 ? answer.json() : answer.status;
}

export async function login(name) {
  const { refresh } = await post(`${auth}/login`, { name });
  const pair = await post(`${auth}/refresh`, { refresh });
  const again = await post(`${auth}/refresh`, { refresh });
  return { token: pair.access, again };
}

/** A socket whose messages are awaited one by one. */
async function open(token) {
  const socket = new WebSocket(`${chat.replace('http', 'ws')}/ws?token=${token}`);
  const came = [];
  const waiting = [];
  socket.on('message', (data) => {
    const event = JSON.parse(data);
    const next = waiting.findIndex(({ type }) => type === event.type);
    if (next === -1) came.push(event);
    else waiting.splice(next, 1)[0].resolve(event);
  });
  const failed = new Promise((_, reject) => socket.on('error', reject));
  const next = (type) => {
    const there = came.findIndex((event) => event.type === type);
    if (there !== -1) return came.splice(there, 1)[0];
    const { promise, resolve } = Promise.withResolvers();
    waiting.push({ type, resolve });
    return Promise.race([promise, failed]);
  };
  const say = (type, more) => socket.send(JSON.stringify({ type, ...more }));
  const { user } = await next('hello');
  return { say, next, user, close: () => socket.close(1000, 'bye') };
}

export async function talk(tokens) {
  const people = [];
  for (const token of tokens) people.push(await open(token));
  const [alice, bob, carol] = people;
  const seen = { users: [alice, bob, carol].map(({ user }) => user.name) };
  for (const one of [alice, bob, carol]) {
    one.say('join', { room: 'lobby' });
    await one.next('room_joined');
    await one.next('presence');
  }
  bob.say('typing');
  seen.typing = await alice.next('typing');
  alice.say('message', { text: 'Grüße 👋🏽', clientId: randomUUID() });
  const { id } = await alice.next('message_sent');
  const heard = await Promise.all([bob.next('message'), carol.next('message')]);
  seen.heard = heard.map(({ from, text }) => ({ from, text }));
  seen.sameId = heard.every((line) => line.id === id);
  bob.say('message', { text: 'reply', thread: heard[0].id, clientId: randomUUID() });
  await bob.next('message_sent');
  seen.thread = (await carol.next('message')).thread === id;
  carol.say('reaction', { id, emoji: '❤️‍🔥' });
  seen.reaction = (await alice.next('reaction_added')).emoji;
  alice.say('webrtc', { to: 'bob', kind: 'offer', sdp: 'v=0\r\no=alice 1 1 IN IP4 0.0.0.0\r\n' });
  seen.offer = await bob.next('webrtc');
  bob.say('webrtc', { to: 'alice', kind: 'answer', sdp: 'v=0\r\no=bob 1 1 IN IP4 0.0.0.0\r\n' });
  seen.answer = await alice.next('webrtc');
  for (const one of [alice, bob, carol]) one.close();
  return seen;
}

export async function history(token) {
  const pages = [];
  for (let after = 0; after !== null; ) {
    const url = `${chat}/api/messages?after=${after}&limit=1`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const { messages, next } = await answer.json();
    pages.push(messages);
    after = next;
  }
  return pages;
}

export async function listen() {
  const text = async (path) => (await fetch(`${stream}/${path}`)).text();
  const get = async (path, headers) => {
    const answer = await fetch(`${stream}/${path}`, { headers });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const { status } = answer;
    const [range, etag] = ['content-range', 'etag'].map((name) => answer.headers.get(name));
    return { status, length: bytes.length, digest: digest(bytes), range, etag };
  };
  const whole = await get('segment-0.ts');
  return {
    master: await text('master.m3u8'),
    live: [await text('live-128.m3u8'), await text('live-128.m3u8'), await text('live-128.m3u8')],
    whole,
    other: await get('segment-1.ts'),
    ranges: [
      await get('segment-0.ts', { range: 'bytes=0-99' }),
      await get('segment-0.ts', { range: 'bytes=100-4095' }),
    ],
    unchanged: await get('segment-0.ts', { 'if-none-match': whole.etag }),
  };
}

export async function events() {
  const answer = await fetch(`${stream}/events`);
  const pieces = [];
  for await (const piece of answer.body) pieces.push(Buffer.from(piece).toString());
  return pieces;
}

export function subscribe(name) {
  const client = grpcClient('stream', 'StreamService', grpcOf.stream);
  return new Promise((resolve) => {
    const seen = [];
    const call = client.SubscribeToStreamEvents({ stream: name, count: 3 });
    call.on('data', ({ listeners, track }) => seen.push({ listeners, track }));
    call.on('error', ({ code, details }) => resolve({ seen, code, details }));
    call.on('end', () => resolve({ seen, code: 0 }));
  });
}

export async function rooms() {
  const client = grpcClient('chat', 'ChatService', grpcOf.chat);
  const pages = [];
  let page = 0;
  do {
    const answer = await call(client, 'Rooms', { page });
    pages.push(answer.rooms);
    page = answer.next_page;
  } while (page !== 0);
  return pages;
}

export function converse() {
  const client = grpcClient('chat', 'ChatService', grpcOf.chat);
  return new Promise((resolve, reject) => {
    const lines = ['one', 'two', 'three'];
    const heard = [];
    const talking = client.Talk();
    const sayNext = () => (lines.length > 0 ? talking.write({ text: lines.shift() }) : talking.end());
    talking.on('data', ({ text }) => {
      heard.push(text);
      sayNext();
    });
    talking.on('error', reject);
    talking.on('end', () => resolve(heard));
    sayNext();
  });
}

export function radio() {
  const { hostname } = new URL(stream);
  return new Promise((resolve, reject) => {
    const chunks = [];
    const socket = connect(Number(process.env.RADIO_PORT ?? 8083), hostname);
    socket.write(`GET /radio HTTP/1.0\r\nHost: ${hostname}\r\nIcy-MetaData: 1\r\n\r\n`);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const head = bytes.toString('latin1').split('\r\n')[0];
      const title = /StreamTitle='([^']*)'/.exec(bytes.toString('latin1'))?.[1];
      resolve({ head, title, digest: digest(bytes) });
    });
  });
}

/** Goes through all of it. */
export async function run() {
  const people = [];
  for (const name of ['alice', 'bob', 'carol']) people.push(await login(name));
  const tokens = people.map(({ token }) => token);
  return {
    refusedTwice: people.map(({ again }) => again),
    talk: await talk(tokens),
    history: await history(tokens[0]),
    listen: await listen(),
    events: await events(),
    subscribed: [await subscribe('jazz'), await subscribe('ended')],
    rooms: await rooms(),
    converse: await converse(),
    radio: await radio(),
  };
}
