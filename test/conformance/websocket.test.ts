import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocketServer } from 'ws';
import { FrameReader } from '../../src/support/websocket-frames.ts';
import { tunnel } from '../end-to-end/client.ts';
import type { Running } from '../end-to-end/with-appliance.ts';
import { modeIn, startWith, withFolder } from '../end-to-end/with-appliance.ts';
import type { Case } from './cases.ts';
import { everyCase } from './cases.ts';

/** What a client heard: each frame, what was no frame, and that the connection ended. */
type Heard = readonly string[];

const waitsMs = 10_000;
const atOnce = 8;

/** Holds one conversation on a connection, frame by frame as the case has it. */
async function hold(socket: Socket, port: number, one: Case): Promise<Heard> {
  const heard: string[] = [];
  let wake = (): void => {};
  let ended = false;
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
    wake();
  });
  socket.write(
    `GET /${encodeURIComponent(one.id)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\n` +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
      `${one.offers === undefined ? '' : `Sec-WebSocket-Extensions: ${one.offers}\r\n`}\r\n`,
  );
  const head = await headOf(socket);
  heard.push(/sec-websocket-extensions: [^\r]*/i.exec(head)?.[0]?.toLowerCase() ?? 'no extension');
  const reader = new FrameReader({
    masked: false,
    compresses: true,
    onFrames: ({ opcode, payload }) => {
      const digest = createHash('sha256').update(payload).digest('hex');
      heard.push(`${opcode} ${payload.length < 130 ? payload.toString('hex') : digest}`);
      wake();
    },
    roomFor: () => Number.POSITIVE_INFINITY,
    tooLong: () => {},
  });
  socket.on('data', (bytes: Buffer) => {
    if (!reader.take(bytes)) heard.push('no frame');
  });
  const until = async (reached: () => boolean): Promise<void> => {
    const timer = setTimeout(() => socket.destroy(), waitsMs);
    while (!reached() && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    clearTimeout(timer);
  };
  for (const step of one.steps) {
    if (typeof step === 'number') await until(() => heard.length > step);
    else socket.write(step);
  }
  await until(() => heard.some((line) => line.startsWith('8 ')));
  socket.end();
  await until(() => false);
  return heard;
}

async function headOf(socket: Socket): Promise<string> {
  let text = '';
  while (!text.includes('\r\n\r\n')) {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    text += bytes.toString('latin1');
  }
  return text;
}

async function straight(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** What RFC 6455 asks of the server, so that the comparison is not one of failures: text, pong, closes. */
const known: readonly (readonly [string, string])[] = [
  ['1.1.1', '8 03e8'],
  ['2.5', '8 03ea'],
  ['3.1', '8 03ea'],
  ['4.1.3', '8 03ea'],
  ['5.9', '8 03ea'],
  ['6.3.1', '8 03ef'],
  ['7.3.1', '8 '],
  ['7.7.13', '8 1387'],
  ['7.9.1', '8 03ea'],
];

describe('the cases of the Autobahn test suite, by their numbers', () => {
  let server: WebSocketServer;
  let port = 0;
  let cases: readonly Case[] = [];

  beforeAll(async () => {
    cases = await everyCase();
    server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      perMessageDeflate: { threshold: 0 },
      maxPayload: 64 * 1024 * 1024,
    });
    server.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.on('message', (bytes, binary) => socket.send(bytes, { binary }));
    });
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });

  afterAll(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });

  test('through magneto, recording or replaying, a client hears what it hears without', async () => {
    await withFolder(async (folder) => {
      const through = async (running: Running): Promise<Readonly<Record<string, Heard>>> =>
        all((running_) => tunnel(running_.via, `127.0.0.1:${port}`), running);
      const all = async (
        dial: (running: Running) => Promise<Socket>,
        running: Running,
      ): Promise<Readonly<Record<string, Heard>>> => {
        const heard: Record<string, Heard> = {};
        for (let at = 0; at < cases.length; at += atOnce) {
          const some = cases.slice(at, at + atOnce);
          await Promise.all(
            some.map(async (one) => {
              heard[one.id] = await hold(await dial(running), port, one);
            }),
          );
        }
        return heard;
      };
      const recording = await startWith(modeIn(folder, 'record'));
      const recorded = await through(recording);
      const direct = await all(() => straight(port), recording);
      await recording.appliance.stop();
      expect(Object.keys(direct).length).toBeGreaterThan(100);
      for (const [id, last] of known) expect(direct[id]?.at(-1)).toBe(last);
      expect(recorded).toEqual(direct);
      expect(recording.appliance.receipt()).toMatchObject({ recorded: cases.length });
      const replaying = await startWith(modeIn(folder, 'replay'));
      const replayed = await through(replaying);
      await replaying.appliance.stop();
      expect(replayed).toEqual(direct);
    });
  }, 120_000);
});
