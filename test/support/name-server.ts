import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { encode } from 'dns-packet';
import type { DnsQuestion } from '../../src/exchange/dns.ts';
import { framed, unframed } from '../../src/support/dns-message.ts';

/** A question as a client asks it. */
export function question(
  name: string,
  type: 'A' | 'AAAA' | 'TXT' = 'A',
  transport: DnsQuestion['transport'] = 'udp',
): DnsQuestion {
  const message = encode({ id: 77, type: 'query', flags: 0x01_00, questions: [{ type, name }] });
  return { name, type, message, transport };
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
