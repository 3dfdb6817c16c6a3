import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Resolver as NodeResolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { encode } from 'dns-packet';
import fc from 'fast-check';
import type { DnsAnswer, DnsQuestion } from '../../src/exchange/dns.ts';
import { createNames } from '../../src/intake/names.ts';
import {
  framed,
  isTruncated,
  messageId,
  unframed,
  withMessageId,
} from '../../src/support/dns-message.ts';
import { answered, found, question, said, withEdns } from '../support/name-server.ts';

const told = async (asked: DnsQuestion): Promise<DnsAnswer> =>
  answered(asked, found(asked, ['10.0.0.7']));
const addresses = Array.from({ length: 100 }, (_, index) => `10.0.0.${index}`);
const large = async (asked: DnsQuestion): Promise<DnsAnswer> =>
  answered(asked, found(asked, addresses));

interface Room {
  readonly port: number;
  readonly asked: readonly DnsQuestion[];
  readonly lost: readonly unknown[];
}

async function withNames(
  answer: (asked: DnsQuestion) => Promise<DnsAnswer>,
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
    mayAsk: () => true,
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

/** Sends bytes over one connection, and reads so many answers. */
async function byStream(port: number, bytes: Buffer, count: number): Promise<readonly Buffer[]> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  const answers: Buffer[] = [];
  let rest: Buffer = Buffer.alloc(0);
  while (answers.length < count) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    rest = Buffer.concat([rest, chunk]);
    for (let next = unframed(rest); next !== undefined; next = unframed(rest)) {
      answers.push(next.message);
      rest = next.rest;
    }
  }
  socket.end();
  await once(socket, 'close');
  return answers;
}

describe('questions for names', () => {
  test('are answered over UDP', async () => {
    await withNames(told, async ({ port, asked }) => {
      const answer = await byDatagram(port, question('API.test').message);
      expect(said(answer)).toBe('NOERROR 10.0.0.7');
      expect(asked).toMatchObject([{ name: 'api.test', type: 'A', transport: 'udp' }]);
    });
  });

  test('are answered over TCP, several on one connection, in any pieces', async () => {
    await withNames(told, async ({ port, asked }) => {
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
    });
  });

  test('of one id from many ports, all at once, are answered each where it came from', async () => {
    const later = async (asked: DnsQuestion): Promise<DnsAnswer> => {
      const place = Number(/\d+/.exec(asked.name)?.[0]);
      await new Promise((resolve) => setTimeout(resolve, (50 - place) % 7));
      return answered(asked, found(asked, [`10.0.0.${place}`]));
    };
    await withNames(later, async ({ port }) => {
      const names = Array.from({ length: 50 }, (_, index) => `n${index}.test`);
      const answers = await Promise.all(
        names.map((name) => byDatagram(port, question(name).message)),
      );
      expect(answers.map((answer) => said(answer))).toEqual(
        names.map((_, index) => `NOERROR 10.0.0.${index}`),
      );
      expect(new Set(answers.map((answer) => messageId(answer ?? Buffer.alloc(0))))).toEqual(
        new Set([77]),
      );
    });
  });

  test('whose answer does not fit into a datagram are answered in part, and over TCP whole', async () => {
    await withNames(large, async ({ port }) => {
      const asked = question('many.test');
      const short = (await byDatagram(port, asked.message)) ?? Buffer.alloc(0);
      expect([isTruncated(short), short.length <= 512]).toEqual([true, true]);
      const roomy = (await byDatagram(port, withEdns(asked, 4096).message)) ?? Buffer.alloc(0);
      expect([isTruncated(roomy), said(roomy).split(' ').length]).toEqual([false, 101]);
      const [whole] = await byStream(port, framed(asked.message), 1);
      expect(said(whole).split(' ')).toHaveLength(101);
    });
  });

  test('of a client that turns to TCP by itself are answered whole', async () => {
    await withNames(large, async ({ port, asked }) => {
      const resolver = new NodeResolver();
      resolver.setServers([`127.0.0.1:${port}`]);
      expect((await resolver.resolve4('many.test')).toSorted()).toEqual(addresses.toSorted());
      expect(asked.map(({ transport }) => transport)).toContain('tcp');
    });
  });

  test.each(['AXFR', 'IXFR'])('for a whole zone (%s) are turned away', async (type) => {
    await withNames(told, async ({ port, asked }) => {
      const [answer] = await byStream(port, framed(question('a.test', type).message), 1);
      expect(said(answer)).toBe('NOTIMP');
      expect(asked).toEqual([]);
    });
  });

  test('by the thousand on one connection are all answered, though not read all at once', async () => {
    const ready = await large(question('a.test'));
    let open = 0;
    let most = 0;
    const slowly = async (): Promise<DnsAnswer> => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 1));
      open -= 1;
      return ready;
    };
    await withNames(slowly, async ({ port }) => {
      const one = framed(question('a.test').message);
      const answers = await byStream(
        port,
        Buffer.concat(Array.from({ length: 5_000 }, () => one)),
        5_000,
      );
      expect(answers).toHaveLength(5_000);
      // What one read brought, and no more.
      expect(most).toBeLessThan(100 + 65_536 / one.length);
    });
  });

  test('that are none stay without an answer, and harm nobody', async () => {
    const response = encode({ type: 'response', questions: [{ type: 'A', name: 'a' }] });
    await withNames(told, async ({ port, asked, lost }) => {
      expect(await byDatagram(port, Buffer.from('noise'))).toBeUndefined();
      // Two resolvers that took answers for questions would go on for ever.
      expect(await byDatagram(port, response)).toBeUndefined();
      const socket = createSocket('udp4');
      const noise = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 600 }), 300);
      for (const bytes of noise) socket.send(bytes, port, '127.0.0.1');
      const [whole] = await byStream(
        port,
        Buffer.concat([
          ...noise.map((bytes) => framed(Buffer.from(bytes))),
          framed(question('a.test').message),
        ]),
        1,
      );
      socket.close();
      expect(said(whole)).toBe('NOERROR 10.0.0.7');
      expect(asked.length).toBeGreaterThan(0);
      expect(lost).toEqual([]);
    });
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

  test('are answered by whom the client belongs to, also where that takes a while', async () => {
    const met: unknown[] = [];
    const names = createNames({
      resolver: async ({ address }, at) => {
        met.push([address, at]);
        return { resolve: told };
      },
      mayAsk: () => true,
      onLost: () => {},
    });
    const { port } = await names.listen('127.0.0.1', 0);
    expect(await byDatagram(port, question('a.test').message)).toBeDefined();
    expect(met).toEqual([['127.0.0.1', '127.0.0.1']]);
    await names.close();
  });

  test('of strangers are not answered, in neither way', async () => {
    const strangers: string[] = [];
    const names = createNames({
      resolver: () => ({ resolve: told }),
      mayAsk: (address) => {
        strangers.push(address);
        return false;
      },
      onLost: () => {},
    });
    const { port } = await names.listen('127.0.0.1', 0);
    expect(await byDatagram(port, question('a.test').message)).toBeUndefined();
    const socket = connect(port, '127.0.0.1');
    socket.write(framed(question('a.test').message));
    socket.on('error', () => {}).resume();
    await once(socket, 'close');
    expect(socket.bytesRead).toBe(0);
    expect(strangers).toEqual(['127.0.0.1', '127.0.0.1']);
    await names.close();
  });

  test('cannot be answered on a port that is taken', async () => {
    const taken = createSocket('udp4').bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const names = createNames({
      resolver: () => ({ resolve: told }),
      mayAsk: () => true,
      onLost: () => {},
    });
    const listening = names.listen('127.0.0.1', taken.address().port);
    await expect(listening).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    taken.close();
    await names.close();
  });
});

test('beyond a thousand datagrams that wait, more are lost, and later ones are not', async () => {
  const waiting: (() => void)[] = [];
  const never = async (asked: DnsQuestion): Promise<DnsAnswer> => {
    if (asked.name !== 'late.test') await new Promise<void>((resolve) => waiting.push(resolve));
    return told(asked);
  };
  await withNames(never, async ({ port, asked }) => {
    const socket = createSocket('udp4');
    for (let id = 0; id < 1_200; id += 1) {
      const message = withMessageId(question('slow.test').message, id);
      socket.send(message, port, '127.0.0.1');
      // More than a socket's buffer holds would be lost before.
      if (id % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked.length).toBe(1_000);
    for (const resolve of waiting) resolve();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(said(await byDatagram(port, question('late.test').message))).toBe('NOERROR 10.0.0.7');
    socket.close();
  });
});
