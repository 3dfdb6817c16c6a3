import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Child } from './child.ts';
import { logLines, startMagneto } from './child.ts';
import { plain, tunnel } from './client.ts';
import { ask, grpcClient, startGrpc } from './grpc-origin.ts';
import { startOrigin } from './origin.ts';
import { listen } from './raw-client.ts';
import { startRawOrigin, startSocketOrigin } from './raw-origin.ts';
import { modeIn, withFolder } from './with-appliance.ts';

/** Milliseconds between two lines of a server. */
const paceMs = 10;

/** Lines that may be lost in a kill: far more than 10 ms of them, for machines that are busy. */
const lostMax = 100;

const line = (n: number): string => `${String(n).padStart(7, '0')};`;

/** Says a line at a time, for ever. */
function speak(say: (text: string) => void): () => void {
  let n = 0;
  const timer = setInterval(() => say(line(n++)), paceMs);
  return () => clearInterval(timer);
}

function onSocket(socket: Socket, frame: (text: string) => string): void {
  socket.once(
    'close',
    speak((text) => socket.write(frame(text))),
  );
}

/** Servers that never end: of events, of messages in a WebSocket and in a gRPC call, and of plain bytes. */
async function startServers() {
  const events = await startRawOrigin((_request, socket) => {
    socket.write(
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    onSocket(socket, (text) => `8\r\n${text}\r\n`);
  });
  const sockets = await startOrigin({
    talk: (socket) =>
      socket.once(
        'close',
        speak((text) => socket.send(text)),
      ),
  });
  const calls = await startGrpc({
    Endless: {
      stream(call) {
        call.once(
          'cancelled',
          speak((text) => call.write(text)),
        );
      },
    },
  });
  const bytes = await startSocketOrigin((socket) => onSocket(socket, (text) => text));
  return {
    ports: { events: events.port, sockets: sockets.httpPort, calls: calls.port, bytes: bytes.port },
    async stop() {
      for (const server of [events, sockets, calls, bytes]) await server.stop();
    },
  };
}

type Ports = Awaited<ReturnType<typeof startServers>>['ports'];

/** A client: the lines that it has heard, and how its exchange ended. */
interface Listener {
  readonly heard: () => string;
  readonly ended: Promise<string>;
  readonly leave: () => void;
}

async function listenToEvents({ via }: Child, port: number): Promise<Listener> {
  const socket = await plain(via);
  const { got, until } = listen(socket);
  socket.write(`GET http://localhost:${port}/ HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
  return {
    heard: () =>
      [
        ...got()
          .toString()
          .matchAll(/\d{7};/g),
      ].join(''),
    ended: until((all) => all.includes('\r\n0\r\n')),
    leave: () => socket.destroy(),
  };
}

async function listenToSocket({ via }: Child, port: number): Promise<Listener> {
  const inner = await tunnel(via, `localhost:${port}`);
  const socket = new WebSocket(`ws://localhost:${port}/talk`, { createConnection: () => inner });
  let heard = '';
  socket.on('message', (text: Buffer) => (heard += text.toString())).on('error', () => {});
  const ended = once(socket, 'close').then(([code]) => String(code));
  return { heard: () => heard, ended, leave: () => socket.terminate() };
}

async function listenToCall({ via }: Child, port: number): Promise<Listener> {
  const client = grpcClient(via, port);
  let heard = '';
  let cancel = (): void => {};
  const ended = ask(client, ['Endless', 'go'], {
    deadlineMs: 60_000,
    onMessage(text, call) {
      heard += text;
      cancel = () => call.cancel();
    },
  }).then(({ code }) => String(code));
  const leave = (): void => {
    cancel();
    client.close();
  };
  return { heard: () => heard, ended, leave };
}

async function listenToBytes({ via }: Child, port: number): Promise<Listener> {
  const socket = await tunnel(via, `localhost:${port}`);
  const { got, until } = listen(socket);
  return {
    heard: () => got().toString(),
    ended: until(() => false),
    leave: () => socket.destroy(),
  };
}

function listenToAll(child: Child, ports: Ports): Promise<readonly Listener[]> {
  return Promise.all([
    listenToEvents(child, ports.events),
    listenToSocket(child, ports.sockets),
    listenToCall(child, ports.calls),
    listenToBytes(child, ports.bytes),
  ]);
}

const children: Child[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.process.kill('SIGKILL');
});

async function start(settings: Parameters<typeof startMagneto>[0]): Promise<Child> {
  const child = await startMagneto(settings);
  children.push(child);
  return child;
}

const linesOf = ({ heard }: Listener): number => Math.floor(heard().length / 8);

async function untilTrue(is: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await is())) {
    if (performance.now() > deadline) throw new Error('it did not come about in 30 s');
    await sleep(20);
  }
}

/** Records all four until the body returns, and replays them with their servers gone: how many lines each has. */
async function recordedAndReplayed(
  settings: Readonly<Record<string, string>>,
  body: (child: Child, listeners: readonly Listener[]) => Promise<void>,
): Promise<readonly number[]> {
  const servers = await startServers();
  return withFolder(async (folder) => {
    const raw = { MAGNETO_RAW: 'record', ...settings };
    const recording = await start({ ...modeIn(folder, 'record'), ...raw });
    const live = await listenToAll(recording, servers.ports);
    await body(recording, live);
    for (const { leave } of live) leave();
    await servers.stop();

    const replaying = await start(modeIn(folder, 'replay'));
    const again = await listenToAll(replaying, servers.ports);
    const [events, socket, call, bytes] = await Promise.all(again.map(({ ended }) => ended));
    // None of them as if that had been all: no last chunk, no close frame, no status of the server.
    expect({ events, socket, call }).toEqual({ events: 'end', socket: '1006', call: '13' });
    expect(['end', 'reset']).toContain(bytes);
    for (const listener of again) {
      const expected = Array.from({ length: linesOf(listener) }, (_, n) => line(n)).join('');
      expect(listener.heard()).toBe(expected);
    }
    await untilTrue(async () => (await replaying.control('/receipt')).body['truncated'] === 4);
    expect((await replaying.control('/receipt')).body).toMatchObject({ liveCalls: 0, missed: 0 });
    for (const { leave } of again) leave();
    await replaying.stop();
    return again.map(linesOf);
  });
}

test('kill -9 amid four exchanges without an end: each is replayed up to about its last moments, and cut', async () => {
  let told: readonly number[] = [];
  const replayed = await recordedAndReplayed({}, async (recording, listeners) => {
    await untilTrue(() => listeners.every((one) => linesOf(one) >= 2 * lostMax));
    recording.process.kill('SIGKILL');
    expect((await recording.exited).signal).toBe('SIGKILL');
    told = listeners.map(linesOf);
  });
  process.stderr.write(`heard before the kill: ${told.join()}; replayed: ${replayed.join()}\n`);
  for (const [place, lines] of replayed.entries()) {
    expect(lines).toBeGreaterThan((told[place] ?? 0) - lostMax);
  }
}, 60_000);

test('what takes longer than it may be recorded goes on, stands in the log at once, and replays so far', async () => {
  const settings = { MAGNETO_STREAM_MS_MAX: '700' };
  const replayed = await recordedAndReplayed(settings, async (recording, listeners) => {
    const tooLong = () =>
      logLines(recording.stdout()).filter(({ code }) => code === 'STREAM_TOO_LONG');
    await untilTrue(() => tooLong().length === 4);
    const before = listeners.map(linesOf);
    await untilTrue(() => listeners.every((one, at) => linesOf(one) > (before[at] ?? 0) + 100));
    for (const { leave } of listeners) leave();
    await untilTrue(async () => (await recording.control('/receipt')).body['truncated'] === 4);
    expect((await recording.control('/receipt')).body).toMatchObject({ recorded: 4, failed: 0 });
    expect((await recording.stop()).status).toBe(0);
  });
  // 70 lines fit into that time; a busy machine says fewer.
  for (const lines of replayed) {
    expect(lines).toBeGreaterThan(0);
    expect(lines).toBeLessThan(100);
  }
}, 60_000);
