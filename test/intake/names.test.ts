import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { DnsAnswer, DnsQuestion } from '../../src/exchange/dns.ts';
import { createNames } from '../../src/intake/names.ts';
import { framed, readResponse, unframed } from '../../src/support/dns-message.ts';
import { question } from '../support/name-server.ts';

const told: DnsAnswer = { code: 'NOERROR', addresses: ['10.0.0.7'], ttl: 30, outcome: 'replayed' };

interface Room {
  readonly port: number;
  readonly asked: readonly DnsQuestion[];
  readonly lost: readonly unknown[];
}

async function withNames(
  answer: (asked: DnsQuestion) => Promise<DnsAnswer | undefined>,
  body: (room: Room) => Promise<void>,
): Promise<void> {
  const asked: DnsQuestion[] = [];
  const lost: unknown[] = [];
  const resolver = {
    resolve(one: DnsQuestion) {
      asked.push(one);
      return answer(one);
    },
  };
  const names = createNames({
    resolver: () => resolver,
    onLost: (_, error) => void lost.push(error),
  });
  const { port, address } = await names.listen('127.0.0.1', 0);
  expect(address).toBe('127.0.0.1');
  try {
    await body({ port, asked, lost });
  } finally {
    await names.close();
  }
}

async function byDatagram(port: number, message: Buffer): Promise<Buffer | undefined> {
  const socket = createSocket('udp4');
  socket.send(message, port, '127.0.0.1');
  const timer = setTimeout(() => socket.close(), 300);
  const answer = await Promise.race([
    once(socket, 'message').then(([bytes]) => bytes as Buffer),
    once(socket, 'close').then(() => undefined),
  ]);
  clearTimeout(timer);
  if (answer !== undefined) socket.close();
  return answer;
}

describe('questions for names', () => {
  test('are answered over UDP', async () => {
    await withNames(
      () => Promise.resolve(told),
      async ({ port, asked }) => {
        const answer = await byDatagram(port, question('API.test').message);
        expect(readResponse(answer ?? Buffer.alloc(0))).toMatchObject({ addresses: ['10.0.0.7'] });
        expect(asked).toMatchObject([{ name: 'api.test', type: 'A', transport: 'udp' }]);
      },
    );
  });

  test('are answered over TCP, several on one connection, in any pieces', async () => {
    await withNames(
      () => Promise.resolve(told),
      async ({ port, asked }) => {
        const socket = connect(port, '127.0.0.1');
        const both = Buffer.concat(
          ['a.test', 'b.test'].map((name) => framed(question(name).message)),
        );
        socket.write(both.subarray(0, 3));
        setTimeout(() => socket.write(both.subarray(3)), 20);
        let bytes: Buffer = Buffer.alloc(0);
        while (unframed(unframed(bytes)?.rest ?? Buffer.alloc(0)) === undefined) {
          const [chunk] = (await once(socket, 'data')) as [Buffer];
          bytes = Buffer.concat([bytes, chunk]);
        }
        expect(asked.map(({ name, transport }) => `${transport} ${name}`)).toEqual([
          'tcp a.test',
          'tcp b.test',
        ]);
        socket.end();
        await once(socket, 'close');
      },
    );
  });

  test('that a server answered pass on its very message', async () => {
    const message = Buffer.from('the very message');
    await withNames(
      () => Promise.resolve({ ...told, message }),
      async ({ port }) => {
        expect(await byDatagram(port, question('a.test').message)).toEqual(message);
      },
    );
  });

  test('stay without an answer where nobody has one, or they are none', async () => {
    await withNames(
      () => Promise.resolve(undefined),
      async ({ port, asked }) => {
        expect(await byDatagram(port, question('a.test').message)).toBeUndefined();
        expect(await byDatagram(port, Buffer.from('noise'))).toBeUndefined();
        expect(asked).toHaveLength(1);
      },
    );
  });

  test('whose answer fails are told of', async () => {
    await withNames(
      () => Promise.reject(new Error('no')),
      async ({ port, lost }) => {
        await byDatagram(port, question('a.test').message);
        const socket = connect(port, '127.0.0.1');
        socket.write(framed(question('a.test').message));
        await new Promise((resolve) => setTimeout(resolve, 50));
        socket.destroy();
        expect(lost).toEqual([new Error('no'), new Error('no')]);
      },
    );
  });

  test('cannot be answered on a port that is taken', async () => {
    const taken = createSocket('udp4').bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const names = createNames({
      resolver: () => ({ resolve: async () => told }),
      onLost: () => {},
    });
    const listening = names.listen('127.0.0.1', taken.address().port);
    await expect(listening).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    taken.close();
    await names.close();
  });
});
