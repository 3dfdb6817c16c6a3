import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Namespace } from './namespaces.ts';
import type { Installed } from './transparent.ts';
import { ran, uid, within } from './transparent.ts';

// Listeners that say who they are, and dialling that says who answered. Small, so that what is tested
// is the kernel's rules alone. As text, because a user who may not read this folder runs it.

const listener = `
const net = require('node:net');
const dgram = require('node:dgram');
const [word, ...places] = process.argv.slice(1);
const ready = places.map((place) => new Promise((done) => {
  const [protocol, host, port] = place.split('/');
  if (protocol === 'tcp') {
    net.createServer((socket) => {
      socket.on('error', () => {});
      socket.end(word + ' ' + socket.localPort);
    }).listen(Number(port), host, done);
    return;
  }
  const socket = dgram.createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
  socket.on('message', (_, { address, port: from }) => socket.send(word + ' ' + port, from, address));
  socket.bind(Number(port), host, done);
}));
Promise.all(ready).then(() => console.log('listening'));
setTimeout(() => process.exit(), 120_000);
`;

const dialler = `
const net = require('node:net');
const dgram = require('node:dgram');
const tcp = (host, port) => new Promise((done) => {
  const socket = net.connect({ host, port });
  socket.setTimeout(2000, () => { socket.destroy(); done('silence'); });
  socket.on('error', ({ code }) => done(code));
  socket.on('data', (data) => done(String(data)));
  socket.on('close', () => done('closed'));
});
const udp = (host, port) => new Promise((done) => {
  const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const end = (said) => { socket.close(); done(said); };
  const timer = setTimeout(() => end('silence'), 1500);
  socket.once('error', ({ code }) => { clearTimeout(timer); end(code); });
  socket.on('message', (data) => { clearTimeout(timer); end(String(data)); });
  socket.connect(port, host, () => socket.send('hello'));
});
(async () => {
  const found = [];
  for (const place of process.argv.slice(1)) {
    const [protocol, host, port] = place.split('/');
    const from = performance.now();
    const said = await (protocol === 'tcp' ? tcp : udp)(host, Number(port));
    found.push({ place, said, ms: performance.now() - from });
  }
  console.log(JSON.stringify(found));
})();
`;

const listening = new Set<ChildProcess>();

/** Ends all listeners that are left. */
export function endListeners(): void {
  for (const child of listening) child.kill('SIGKILL');
  listening.clear();
}

/** Someone inside who answers at some places (`tcp/::/80`), and says a word and the port. */
export async function listen(
  inside: Namespace,
  installed: Installed,
  who: { readonly word: string; readonly places: readonly string[]; readonly gid?: number },
): Promise<void> {
  const through = within(inside, installed, who.gid === undefined ? {} : { gid: who.gid });
  const asRoot = who.gid === undefined ? inside.through : through;
  const [command = '', ...args] = asRoot;
  const words = [...args, installed.node, '-e', listener, who.word, ...who.places];
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  listening.add(child);
  const ended = once(child, 'close').then(() => Promise.reject(new Error(`${who.word} ended`)));
  ended.catch(() => {});
  await Promise.race([once(child.stdout, 'data'), ended]);
}

/** What a dial came to. */
export interface Dialled {
  readonly place: string;
  /** Who answered and on which port, or the code of the error, or `silence`. */
  readonly said: string;
  readonly ms: number;
}

/** Who dials: a user and a group, the application's where they are not named. */
export interface Dialling {
  readonly inside: Namespace;
  readonly installed: Installed;
  readonly user?: number;
  readonly gid?: number;
}

/** Dials some places, one after the other. */
export async function dial(
  { inside, installed, user = uid, gid = uid }: Dialling,
  places: readonly string[],
): Promise<readonly Dialled[]> {
  const through = within(inside, installed, { user, gid });
  const said = await ran([...through, installed.node, '-e', dialler, ...places]);
  return JSON.parse(said) as readonly Dialled[];
}
