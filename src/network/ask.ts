import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import {
  framed,
  questionAt,
  questionEnd,
  unframed,
  withMessageId,
} from '../support/dns-message.ts';
import { dial } from './dial.ts';

/** A name server, and how long it is waited for. */
export interface NameServer {
  readonly host: string;
  readonly port: number;
  readonly limitMs: number;
}

/** Asks in a datagram, and once more halfway: some get lost. Nothing where no answer came in time. */
export function askByDatagram(
  { host, port, limitMs }: NameServer,
  message: Buffer,
): Promise<Buffer | undefined> {
  const own = disguised(message);
  return new Promise((resolve) => {
    const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
    let again: NodeJS.Timeout | undefined;
    const done = (answer?: Buffer): void => {
      clearTimeout(timer);
      clearTimeout(again);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(done, limitMs);
    socket.once('error', () => done());
    socket.on('message', (answer) => {
      if (answers(answer, own)) done(answer);
    });
    // Connected, so that the kernel lets only that server's answers in, and tells of a closed port.
    socket.connect(port, host, () => {
      socket.send(own);
      again = setTimeout(() => socket.send(own), limitMs / 2);
    });
  });
}

/** Asks over TCP. Nothing where no answer came; rejects where there was no connection, or no time left. */
export async function askByStream(
  { host, port, limitMs }: NameServer,
  message: Buffer,
): Promise<Buffer | undefined> {
  const own = disguised(message);
  const signal = AbortSignal.timeout(limitMs);
  const socket = await dial({ host, port }, { signal });
  const giveUp = (): void => void socket.destroy();
  signal.addEventListener('abort', giveUp);
  try {
    socket.write(framed(own));
    let bytes: Buffer = Buffer.alloc(0);
    for await (const chunk of socket) {
      bytes = Buffer.concat([bytes, chunk as Buffer]);
      const whole = unframed(bytes);
      if (whole !== undefined) return answers(whole.message, own) ? whole.message : undefined;
    }
    return undefined;
  } finally {
    signal.removeEventListener('abort', giveUp);
    socket.destroy();
  }
}

/** An id of our own, so that nobody who sees the client's can answer in the server's place. */
function disguised(message: Buffer): Buffer {
  return withMessageId(message, randomInt(0x1_0000));
}

/** Whether a message answers ours: a response of the same id to the same question (RFC 5452, 9.1). */
function answers(answer: Buffer, own: Buffer): boolean {
  if (answer.length < questionAt || answer.readUInt16BE(0) !== own.readUInt16BE(0)) return false;
  const isResponse = (answer.readUInt8(2) & 0x80) !== 0;
  return isResponse && askedIn(answer) === askedIn(own);
}

function askedIn(message: Buffer): string {
  const end = questionEnd(message) ?? questionAt;
  const name = message.toString('latin1', questionAt, end - 4).toLowerCase();
  return name + message.toString('latin1', end - 4, end);
}
