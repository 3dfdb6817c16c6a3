import { expect, test } from '@jest/globals';
import type { Ending, Parts } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import type { RawClient } from './harness.ts';
import { part, rawClient, read, until, whole, withWire } from './harness.ts';

const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

function aborted(exchange: Exchange | undefined): Promise<void> {
  return until(
    () => exchange?.signal.aborted === true,
    () => 'the abort',
  );
}

async function untilAborted(exchange: Exchange): Promise<Answer> {
  await aborted(exchange);
  return { body: undefined, ending: { type: 'cut', by: 'client' }, outcome: 'forwarded' };
}

test.each([
  ['leaves', (client: RawClient) => client.socket.end(), { type: 'cut', by: 'client' }],
  [
    'resets',
    (client: RawClient) => client.socket.resetAndDestroy(),
    { type: 'reset', by: 'client' },
  ],
] as [string, (client: RawClient) => void, Ending][])(
  'a client that %s while it waits aborts its exchange',
  async (_how, leave, ending) => {
    await withWire(untilAborted, async ({ port, exchanges }) => {
      const client = await rawClient(port);
      client.send(get);
      await until(
        () => exchanges.length === 1,
        () => 'the exchange',
      );
      leave(client);
      await aborted(exchanges[0]);
      expect(exchanges[0]?.signal.reason).toEqual(ending);
      client.socket.destroy();
    });
  },
);

test('a client that resets amid its body aborts, and the body ends quietly', async () => {
  let said = '';
  const open = async (exchange: Exchange): Promise<Answer> => {
    said = await read(exchange.body);
    return untilAborted(exchange);
  };
  await withWire(open, async ({ port, exchanges }) => {
    const client = await rawClient(port);
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc');
    await until(
      () => exchanges.length === 1,
      () => 'the exchange',
    );
    client.socket.resetAndDestroy();
    await aborted(exchanges[0]);
    await until(
      () => said === 'abc',
      () => 'the body',
    );
    expect(exchanges[0]?.signal.reason).toEqual({ type: 'reset', by: 'client' });
  });
});

test('a client that leaves aborts every request of its pipeline', async () => {
  await withWire(untilAborted, async ({ port, exchanges }) => {
    const client = await rawClient(port);
    client.send(get.repeat(3));
    await until(
      () => exchanges.length === 3,
      () => 'three exchanges',
    );
    client.socket.resetAndDestroy();
    for (const exchange of exchanges) await aborted(exchange);
  });
});

test('an exchange that was answered is not aborted', async () => {
  await withWire(
    () => whole('ok'),
    async ({ port, exchanges }) => {
      const client = await rawClient(port);
      client.send(get);
      await client.hears('\r\n\r\nok');
      client.socket.destroy();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(exchanges[0]?.signal.aborted).toBe(false);
    },
  );
});

test('an early answer leaves the rest of the body unread, and the next request works', async () => {
  const open = async (exchange: Exchange): Promise<Answer> => {
    if (exchange.body === undefined || Buffer.isBuffer(exchange.body)) return whole('next');
    for await (const { bytes } of exchange.body) if (bytes.length > 0) break;
    return whole('early');
  };
  await withWire(open, async ({ port }) => {
    const client = await rawClient(port);
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n');
    client.send(Buffer.alloc(4_000_000));
    client.send(get);
    await client.hears('early');
    await client.hears('next');
    client.socket.destroy();
  });
});

async function* endless(given: { count: number; over: boolean }): Parts {
  const bytes = Buffer.alloc(64 * 1024);
  try {
    for (;;) {
      given.count += 1;
      yield { ...part(''), bytes };
    }
  } finally {
    given.over = true;
  }
}

test('a client that reads no further stops the answer; when it leaves, the parts are let go', async () => {
  const given = { count: 0, over: false };
  const open = (): Answer => ({
    head: { status: 200, statusText: 'OK', httpVersion: '1.1', headers: [] },
    body: endless(given),
    ending: finished,
    outcome: 'forwarded',
  });
  await withWire(open, async ({ port }) => {
    const client = await rawClient(port);
    client.socket.pause();
    client.send(get);
    let before = -1;
    while (given.count !== before || given.count === 0) {
      before = given.count;
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    // Kernel buffers, ours and Node's: a few MB, not an endless body.
    expect(given.count * 64).toBeLessThan(32 * 1024);
    expect(given.over).toBe(false);
    client.socket.resetAndDestroy();
    await until(
      () => given.over,
      () => 'the end of the parts',
    );
  });
});

test('an upstream that reads no further stops the client', async () => {
  let go = (): void => {};
  const open = async (exchange: Exchange): Promise<Answer> => {
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    return whole(String((await read(exchange.body)).length));
  };
  await withWire(open, async ({ port, sockets }) => {
    const client = await rawClient(port);
    const size = 30_000_000;
    client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n`);
    client.send(Buffer.alloc(size, 'x'));
    let before = -1;
    const readBytes = (): number => sockets[0]?.bytesRead ?? 0;
    while (readBytes() !== before || before <= 0) {
      before = readBytes();
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    expect(before).toBeLessThan(1_000_000);
    go();
    await client.hears(`\r\n\r\n${size}`);
    client.socket.destroy();
  });
});

test('draining ends an idle connection at once, and a busy one when it is answered', async () => {
  const { promise: answered, resolve } = Promise.withResolvers<void>();
  const open = async (exchange: Exchange): Promise<Answer> => {
    if (exchange.kind === 'http' && exchange.head.path === '/slow') await answered;
    return whole('done');
  };
  await withWire(open, async ({ port, exchanges, drain }) => {
    const [idle, busy] = [await rawClient(port), await rawClient(port)];
    idle.send(get);
    await idle.hears('done');
    busy.send(get.replace('GET /', 'GET /slow'));
    await until(
      () => exchanges.length === 2,
      () => 'the slow exchange',
    );
    drain();
    expect((await idle.ended()).how).toBe('FIN');
    expect(busy.heard()).toBe('');
    resolve();
    expect((await busy.ended()).text).toContain('done');
  });
});
