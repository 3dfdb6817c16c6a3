import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import type { DnsAnswer, DnsQuestion, Resolver } from '../exchange/dns.ts';
import {
  framed,
  messageId,
  readQuestion,
  readResponse,
  unframed,
  withMessageId,
} from '../support/dns-message.ts';
import { dial } from './dial.ts';

/** Whom to ask. */
export interface ResolverOptions {
  /** IP addresses, asked one after the other until one answers. */
  readonly servers: readonly string[];
  /** 53, but for tests. */
  readonly port?: number;
  /** How long each is waited for; less than clients wait, so that a second one is asked in time. */
  readonly limitMs?: number;
}

/** Questions under way at once; beyond it they are left unanswered, and clients ask again. */
const pendingMax = 1_000;

/**
 * A resolver that passes questions on, byte for byte but for the id, to the servers of this machine.
 * Equal questions under way are one: so a resolver of this very namespace that asks back, because the
 * rules capture its questions too, ends in a time-out and not in a storm.
 */
export function createResolver({ servers, port = 53, limitMs = 2_000 }: ResolverOptions): Resolver {
  const pending = new Map<string, Promise<Buffer | undefined>>();
  return {
    async resolve(question) {
      const key = question.transport + question.message.toString('latin1', 2);
      const known = pending.get(key);
      if (known === undefined && pending.size >= pendingMax) return undefined;
      const asked = known ?? askEach({ servers, port, limitMs }, question);
      if (known === undefined) {
        pending.set(key, asked);
        void asked.finally(() => pending.delete(key));
      }
      return answerOf(question, await asked);
    },
  };
}

function answerOf(question: DnsQuestion, message: Buffer | undefined): DnsAnswer | undefined {
  const told = message === undefined ? undefined : readResponse(message);
  if (message === undefined || told === undefined) return undefined;
  return {
    ...told,
    message: withMessageId(message, messageId(question.message)),
    outcome: 'forwarded',
  };
}

async function askEach(
  { servers, port, limitMs }: Required<ResolverOptions>,
  { transport, message }: DnsQuestion,
): Promise<Buffer | undefined> {
  const ask = transport === 'udp' ? askByDatagram : askByStream;
  for (const host of servers) {
    // An id of our own, so that nobody who sees the client's can answer in the server's place.
    const own = withMessageId(message, randomInt(0x1_0000));
    const answer = await ask({ host, port, limitMs }, own).catch(() => undefined);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

interface Server {
  readonly host: string;
  readonly port: number;
  readonly limitMs: number;
}

function askByDatagram(
  { host, port, limitMs }: Server,
  message: Buffer,
): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
    const done = (answer?: Buffer): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(done, limitMs);
    socket.once('error', () => done());
    socket.on('message', (answer) => {
      if (answers(answer, message)) done(answer);
    });
    // Connected, so that the kernel lets only that server's answers in, and tells of a closed port.
    socket.connect(port, host, () => {
      socket.send(message);
    });
  });
}

async function askByStream(
  { host, port, limitMs }: Server,
  message: Buffer,
): Promise<Buffer | undefined> {
  const signal = AbortSignal.timeout(limitMs);
  const socket = await dial({ host, port }, { signal });
  const giveUp = (): void => void socket.destroy();
  signal.addEventListener('abort', giveUp);
  try {
    socket.write(framed(message));
    let bytes: Buffer = Buffer.alloc(0);
    for await (const chunk of socket) {
      bytes = Buffer.concat([bytes, chunk as Buffer]);
      const whole = unframed(bytes);
      if (whole !== undefined) return answers(whole.message, message) ? whole.message : undefined;
    }
    return undefined;
  } finally {
    signal.removeEventListener('abort', giveUp);
    socket.destroy();
  }
}

/** Whether a message answers ours: the same id, and the same question (RFC 5452, 9.1). */
function answers(answer: Buffer, message: Buffer): boolean {
  if (messageId(answer) !== messageId(message)) return false;
  const bare = Buffer.from(answer);
  // The bit that says that it is a response.
  if (bare.length > 2) bare.writeUInt8(bare.readUInt8(2) & 0x7f, 2);
  const [got, asked] = [readQuestion(bare), readQuestion(message)];
  return got !== undefined && got.name === asked?.name && got.type === asked.type;
}
