import { once } from 'node:events';
import type { Socket as Datagrams } from 'node:dgram';
import { createSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { isIP } from 'node:net';
import type { DnsQuestion, Resolver } from '../exchange/dns.ts';
import { listenFailure } from '../exchange/listen-failure.ts';
import { plainFinding, withinBytes, writeAnswer } from '../support/dns-finding.ts';
import { datagramBytesMax, framed, readQuestion, unframed } from '../support/dns-message.ts';
import { openListener } from './listener.ts';

/** What answering for names needs of the house. */
export interface NamesOptions {
  /** The resolver of the session that a client belongs to, for questions that came to one of our addresses. */
  readonly resolver: (client: Client, at: string) => Resolver | Promise<Resolver>;
  /** Whether an address may ask; others are not answered at all. */
  readonly mayAsk: (address: string) => boolean;
  /** Told of connections that were lost, and where; for the log at debug. */
  readonly onLost: (where: string, error: unknown) => void;
}

/** Who asks. */
interface Client {
  readonly address: string;
  readonly port: number;
}

/** Where questions for names come in, over UDP and TCP. */
export interface Names {
  /** Listens on one more address, both ways on one port. Rejects with Failure PORT_TAKEN or LISTEN_FAILED. */
  readonly listen: (host: string, port: number) => Promise<{ address: string; port: number }>;
  readonly close: () => Promise<void>;
}

/** Clients keep a connection for as long as they like to ask; one that says nothing goes after this. */
const idleMs = 60_000;

/** Questions over UDP that wait for an answer; what comes beyond is lost, as any datagram may be. */
const openDatagramsMax = 1_000;
/** Connections at once; who comes beyond is turned away. */
const connectionsMax = 500;
/** Questions of one connection that wait for an answer; it is not read on meanwhile. */
const openPerConnectionMax = 100;

/** Makes a listener for names that listens nowhere yet. */
export function createNames(options: NamesOptions): Names {
  const datagrams: Datagrams[] = [];
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  return {
    async listen(host, port) {
      const on = {
        socket: (socket: Socket): void => {
          if (sockets.size >= connectionsMax) return void socket.destroy();
          sockets.add(socket);
          socket.once('close', () => sockets.delete(socket));
          serveStream(options, socket, host);
        },
        error: (error: Error): void => options.onLost('names', error),
      };
      const listener = await openListener({ host, port, ipv6Only: true }, on);
      servers.push(listener.server);
      datagrams.push(await serveDatagrams(options, { host, port: listener.port }));
      return { address: listener.address, port: listener.port };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      const ends: { close: (done: () => void) => unknown }[] = [...datagrams, ...servers];
      await Promise.all(ends.map((end) => new Promise<void>((done) => void end.close(done))));
    },
  };
}

async function serveDatagrams(
  options: NamesOptions,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Datagrams> {
  const socket = createSocket(
    isIP(host) === 6 ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' },
  );
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
  } catch (cause) {
    throw listenFailure({ host, port, who: 'names over UDP', cause });
  }
  socket.on('error', (error) => options.onLost('names', error));
  let open = 0;
  socket.on('message', (message, { address, port: from }) => {
    // Anybody can send in somebody else's name, whom our answers would then flood (RFC 5358).
    if (!options.mayAsk(address) || open >= openDatagramsMax) return;
    const asker = { client: { address, port: from }, at: host };
    open += 1;
    answer(options, asker, { message, transport: 'udp' })
      .then(
        (bytes) => {
          if (bytes === undefined) return;
          socket.send(bytes, from, address, (error) => {
            if (error !== null) options.onLost('names', error);
          });
        },
        (error: unknown) => options.onLost('names', error),
      )
      .finally(() => {
        open -= 1;
      });
  });
  return socket;
}

/** Serves a connection: as many questions at once as it has, as long as its answers are read. */
function serveStream(options: NamesOptions, socket: Socket, at: string): void {
  const { remoteAddress: address = '', remotePort: port = 0 } = socket;
  if (!options.mayAsk(address)) {
    socket.on('error', () => {}).destroy();
    return;
  }
  const asker = { client: { address, port }, at };
  let bytes: Buffer = Buffer.alloc(0);
  let open = 0;
  const go = (): void => {
    const busy = open >= openPerConnectionMax || socket.writableNeedDrain;
    if (busy) socket.pause();
    else socket.resume();
  };
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on('error', (error) => options.onLost('names', error));
  socket.on('end', () => socket.end());
  socket.on('drain', go);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (let next = unframed(bytes); next !== undefined; next = unframed(bytes)) {
      bytes = next.rest;
      open += 1;
      answer(options, asker, { message: next.message, transport: 'tcp' })
        .then(
          (reply) => {
            if (reply !== undefined && socket.writable) socket.write(framed(reply));
          },
          (error: unknown) => options.onLost('names', error),
        )
        .finally(() => {
          open -= 1;
          go();
        });
    }
    go();
  });
}

/** The message to answer with; nothing where it was no question. */
async function answer(
  { resolver }: NamesOptions,
  { client, at }: { readonly client: Client; readonly at: string },
  { message, transport }: Pick<DnsQuestion, 'message' | 'transport'>,
): Promise<Buffer | undefined> {
  const asked = readQuestion(message);
  if (asked === undefined) return undefined;
  // A zone is many messages, and no answer to a question for a name.
  if (transfers.has(asked.type)) return writeAnswer(message, plainFinding('NOTIMP'));
  const session = await resolver(client, at);
  const told = await session.resolve({ ...asked, message, transport });
  if (transport === 'tcp') return told.message;
  return withinBytes(told.message, message, datagramBytesMax(message));
}

const transfers: ReadonlySet<string> = new Set(['AXFR', 'IXFR']);
