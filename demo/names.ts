import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { addressRecords, plainFinding, writeAnswer } from '../src/support/dns-finding.ts';
import { readQuestion } from '../src/support/dns-message.ts';

/** A name server that knows one name. */
export interface NameServer {
  /** How many questions reached it. */
  readonly saw: () => number;
  readonly stop: () => Promise<void>;
}

/** Starts it on port 53 of the address that it tells (IPv4, over UDP). */
export async function startNames(name: string, address: string): Promise<NameServer> {
  let count = 0;
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const question = readQuestion(message);
    if (question === undefined) return;
    count += 1;
    const known = question.name === name;
    const addresses = known && question.type === 'A' ? [address] : [];
    const records = addressRecords(question, { addresses, ttl: 30 });
    const told = plainFinding(known ? 'NOERROR' : 'NXDOMAIN', records);
    socket.send(writeAnswer(message, told), from.port, from.address);
  });
  socket.bind(53, address);
  await once(socket, 'listening');
  return {
    saw: () => count,
    async stop() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}
