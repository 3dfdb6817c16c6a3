import { createServer } from 'node:http';
import { performServerHandshake } from 'node:http2';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import type { Arrival, Session } from '../../src/exchange/arrival.ts';
import { parseAuthority } from '../../src/exchange/destination.ts';
import type { Destination } from '../../src/exchange/destination.ts';
import type { Failure } from '../../src/exchange/failure.ts';
import type { ClientHello, Offer } from '../../src/exchange/upstream.ts';
import type { ClientRefusal, Intake, IntakeOptions } from '../../src/intake/intake.ts';
import { createIntake } from '../../src/intake/intake.ts';
import type { Authority } from '../../src/tls/tls.ts';
import { openAuthority } from '../../src/tls/tls.ts';
import type { Wire } from '../../src/wire/wire.ts';
import { withDirectory } from '../tls/tools.ts';

/** What a hello in a test has. */
export interface HelloParts {
  readonly serverName?: string;
  readonly alpn?: readonly string[];
  /** The versions of TLS that it offers; 1.3 by default. */
  readonly versions?: readonly number[];
  /** Bytes of padding (extension 21). */
  readonly padding?: number;
  /** Bytes of the handshake message in each record. */
  readonly recordBytes?: number;
}

/** A ClientHello in its records (RFC 8446, 4.1.2 and 5.1). */
export function helloBytes(parts: HelloParts): Buffer {
  const extensions: Buffer[] = [];
  const add = (type: number, content: Buffer): void => {
    extensions.push(Buffer.concat([number(type, 2), block(content, 2)]));
  };
  const versions = (parts.versions ?? [0x03_04]).map((version) => number(version, 2));
  add(43, block(Buffer.concat(versions), 1));
  if (parts.serverName !== undefined) {
    const name = block(Buffer.from(parts.serverName, 'latin1'), 2);
    add(0, block(Buffer.concat([Buffer.from([0]), name]), 2));
  }
  if (parts.alpn !== undefined) {
    const names = parts.alpn.map((each) => block(Buffer.from(each, 'latin1'), 1));
    add(16, block(Buffer.concat(names), 2));
  }
  if (parts.padding !== undefined) add(21, Buffer.alloc(parts.padding));
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    block(Buffer.alloc(32, 9), 1),
    block(Buffer.from([0x13, 0x01]), 2),
    block(Buffer.from([0]), 1),
    block(Buffer.concat(extensions), 2),
  ]);
  return records(Buffer.concat([Buffer.from([1]), block(body, 3)]), parts.recordBytes);
}

/** Handshake bytes in records of a size. */
export function records(message: Buffer, recordBytes = 16_384): Buffer {
  const whole: Buffer[] = [];
  for (let at = 0; at < message.length; at += recordBytes) {
    whole.push(Buffer.from([22, 3, 1]), block(message.subarray(at, at + recordBytes), 2));
  }
  return Buffer.concat(whole);
}

function number(value: number, width: number): Buffer {
  const bytes = Buffer.alloc(width);
  bytes.writeUIntBE(value, 0, width);
  return bytes;
}

function block(content: Buffer, width: number): Buffer {
  return Buffer.concat([number(content.length, width), content]);
}

/** An intake between fake collaborators, and what they saw. */
export interface Stage {
  readonly intake: Intake;
  readonly authority: Authority;
  readonly port: number;
  readonly session: Session;
  readonly offers: { readonly destination: Destination; readonly hello?: ClientHello }[];
  /** Arrivals that came out at the wire. */
  readonly http: Arrival[];
  readonly http2: Arrival[];
  readonly streams: Arrival[];
  readonly lost: { readonly where: string; readonly error: unknown }[];
  readonly refused: ClientRefusal[];
  /** What a tunnel was refused with. */
  readonly tunnelFailures: Failure[];
}

/** How the collaborators of a staged intake behave. */
export interface StageOptions
  extends Partial<
    Pick<
      IntakeOptions,
      | 'allowClients'
      | 'crowd'
      | 'silenceMs'
      | 'http2'
      | 'isOwn'
      | 'isOwnSocket'
      | 'untouched'
      | 'likely'
      | 'trustDir'
      | 'nameAt'
      | 'onLoop'
      | 'originalDestination'
    >
  > {
  readonly offer?: (destination: Destination, hello?: ClientHello) => Promise<Offer>;
  readonly host?: string;
}

/** Runs a body with an intake that listens; its fake wire answers HTTP with the URL and echoes streams. */
export async function withIntake(
  options: StageOptions,
  body: (stage: Stage) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const authority = await openAuthority({ directory });
    const seen: Omit<Stage, 'intake' | 'authority' | 'port' | 'session'> = {
      offers: [],
      http: [],
      http2: [],
      streams: [],
      lost: [],
      refused: [],
      tunnelFailures: [],
    };
    const session: Session = {
      name: 'test',
      upstream: {
        offer(destination, hello) {
          seen.offers.push(hello === undefined ? { destination } : { destination, hello });
          return options.offer?.(destination, hello) ?? Promise.resolve({ type: 'unknown' });
        },
        open: () => Promise.reject(new Error('the fake wire opens nothing')),
      },
    };
    const wire = fakeWire(seen, (tunnel) => intake.connect(tunnel));
    const intake = createIntake({
      authority,
      wire,
      session: () => session,
      allowClients: [],
      ...options,
      onLost: (where, error) => seen.lost.push({ where, error }),
      onTlsRefused: (refusal) => seen.refused.push(refusal),
    });
    const { port } = await intake.listen(options.host ?? '127.0.0.1', 0);
    try {
      await body({ intake, authority, port, session, ...seen });
    } finally {
      await intake.close(0);
    }
  });
}

type Connect = Parameters<Intake['connect']>[0];

function fakeWire(
  seen: Pick<Stage, 'http' | 'http2' | 'streams' | 'tunnelFailures'>,
  onConnect: (tunnel: Connect) => void,
): Wire {
  const arrivals = new WeakMap<Duplex, Arrival>();
  const server = createServer((request, response) => {
    response.end(`${request.method ?? ''} ${request.url ?? ''}`);
  });
  server.on('clientError', (_, socket) => socket.destroy());
  server.on('connect', (request, socket: Duplex, rest: Buffer) => {
    if (rest.length > 0) socket.unshift(rest);
    socket.on('error', () => {});
    const arrival = arrivals.get(request.socket);
    const where = parseAuthority(request.url ?? '');
    if (arrival === undefined || where === undefined) throw new Error('a CONNECT to nowhere');
    const destination: Destination = { ...where, secure: false };
    onConnect({
      arrival: { ...arrival, socket, destination, depth: arrival.depth + 1 },
      accept: () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'),
      refuse(failure) {
        seen.tunnelFailures.push(failure);
        socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
      },
    });
  });
  return {
    http(arrival) {
      seen.http.push(arrival);
      arrivals.set(arrival.socket, arrival);
      server.emit('connection', arrival.socket);
    },
    http2(arrival) {
      seen.http2.push(arrival);
      performServerHandshake(arrival.socket).on('stream', (stream, headers) => {
        stream.end(`${headers[':method'] ?? ''} ${headers[':path'] ?? ''}`);
      });
    },
    stream(arrival) {
      seen.streams.push(arrival);
      arrival.socket.on('data', (bytes: Buffer) => arrival.socket.write(bytes));
      arrival.socket.on('end', () => arrival.socket.end());
    },
    drain() {},
  };
}

/** A connected client. */
export async function dial(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host, noDelay: true });
  await once(socket, 'connect');
  // A peer that resets is part of many tests, and shows as the end of what was said.
  socket.on('error', () => {});
  return socket;
}

/** A client with a TLS session. */
export async function dialTls(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', ...options }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Everything a peer says until it ends or is gone. */
export async function allOf(socket: Duplex): Promise<string> {
  let text = '';
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
  });
  socket.resume();
  if (!socket.destroyed) await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  return text;
}

/** The first bytes that a peer says from now on; none where it says nothing any more. */
export async function next(socket: Duplex): Promise<string> {
  return new Promise((resolve) => {
    const heard = (bytes?: Buffer): void => {
      socket.off('data', heard).off('close', gone);
      socket.pause();
      resolve(bytes?.toString('latin1') ?? '');
    };
    const gone = (): void => heard();
    socket.on('data', heard).on('close', gone).resume();
    if (socket.destroyed) gone();
  });
}

/** Opens a tunnel through the proxy; what is answered, and the socket. */
export async function openTunnel(
  port: number,
  authority: string,
): Promise<{ readonly socket: Socket; readonly answer: string }> {
  const socket = await dial(port);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  return { socket, answer: await next(socket) };
}

/** Waits until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`it never held: ${String(holds)}`);
    await pause(5);
  }
}

/** Waits some milliseconds. */
export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

async function once(socket: Duplex, event: string): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once(event, () => resolve());
  });
}
