import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { decode, encode } from 'dns-packet';
import type { DnsAnswer, DnsFinding, DnsQuestion } from '../../src/exchange/dns.ts';
import {
  addressRecords,
  plainFinding,
  readFinding,
  writeAnswer,
} from '../../src/support/dns-finding.ts';
import { framed, nameQuestion, unframed, withMessageId } from '../../src/support/dns-message.ts';

/** A question as a client asks it. */
export function question(
  name: string,
  type = 'A',
  transport: DnsQuestion['transport'] = 'udp',
): DnsQuestion {
  const message = withMessageId(nameQuestion({ name, type }), 77);
  return { name: name.toLowerCase(), type, message, transport };
}

/** The same question of a client that speaks EDNS, and takes so many bytes in a datagram. */
export function withEdns(asked: DnsQuestion, size = 1232): DnsQuestion {
  const { questions = [] } = decode(asked.message);
  const opt = { type: 'OPT', name: '.', udpPayloadSize: size, flags: 0, options: [] };
  const message = encode({
    id: 77,
    type: 'query',
    flags: 0x01_00,
    questions,
    additionals: [opt as never],
  });
  return { ...asked, edns: 'plain', message };
}

/** What is found where a name has these addresses, or a code says why not. */
export function found(
  { name, type }: Pick<DnsQuestion, 'name' | 'type'>,
  addresses: readonly string[],
  code = 'NOERROR',
): DnsFinding {
  return plainFinding(code, addressRecords({ name, type }, { addresses, ttl: 30 }));
}

/** An answer to a question, as a resolver gives it. */
export function answered(
  asked: DnsQuestion,
  finding: DnsFinding,
  outcome: DnsAnswer['outcome'] = 'forwarded',
): DnsAnswer {
  return { message: writeAnswer(asked.message, finding), outcome };
}

/** Code and data of the records of an answer, as one line. */
export function said(message: Buffer | undefined): string {
  const finding = readFinding(message ?? Buffer.alloc(0));
  return [
    finding?.code,
    ...(finding?.records ?? []).map(({ data }) =>
      typeof data === 'string' ? data : JSON.stringify(data),
    ),
  ].join(' ');
}

/** A name server on 127.0.0.1, over UDP and TCP on one port; what it is to say of a message, in any number. */
export async function withNameServer(
  answer: (message: Buffer) => readonly Buffer[],
  body: (server: { readonly port: number; readonly asked: () => number }) => Promise<void>,
): Promise<void> {
  let asked = 0;
  const streams = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      asked += 1;
      for (const one of answer(unframed(bytes)?.message ?? Buffer.alloc(0))) {
        // In two pieces, as a network may.
        socket.write(framed(one).subarray(0, 1));
        setTimeout(() => socket.write(framed(one).subarray(1)), 5);
      }
    });
  });
  streams.listen(0, '127.0.0.1');
  await once(streams, 'listening');
  const { port } = streams.address() as AddressInfo;
  const datagrams = createSocket('udp4');
  datagrams.on('message', (message, from) => {
    asked += 1;
    for (const one of answer(message)) datagrams.send(one, from.port, from.address);
  });
  datagrams.bind(port, '127.0.0.1');
  await once(datagrams, 'listening');
  try {
    await body({ port, asked: () => asked });
  } finally {
    datagrams.close();
    await new Promise((resolve) => streams.close(resolve));
  }
}
