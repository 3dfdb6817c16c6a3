import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import type { Exchange, HttpExchange } from '../../src/exchange/exchange.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { part, until, whole } from './harness.ts';
import { ask2, ended, withHttp2 } from './http2-client.ts';

test('a thousand streams are open at once on one connection', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const open = async (exchange: Exchange): Promise<Answer> => {
    await promise;
    return whole((exchange as HttpExchange).head.path);
  };
  await withHttp2(open, async (client, { exchanges, sockets }) => {
    await once(client, 'remoteSettings');
    const answers = Array.from({ length: 1000 }, (_, at) =>
      ask2(client, { ':path': `/${at}`, ':authority': 'a' }),
    );
    await until(
      () => exchanges.length === 1000,
      () => `1000, of which ${exchanges.length} came`,
    );
    resolve();
    const bodies = (await Promise.all(answers)).map(({ body }) => body.toString());
    expect(bodies).toEqual(Array.from({ length: 1000 }, (_, at) => `/${at}`));
    expect(sockets).toHaveLength(1);
  });
});

test('neither side is sent more than it reads', async () => {
  let made = 0;
  async function* endless(): AsyncGenerator<ReturnType<typeof part>> {
    for (;;) {
      made += 1;
      yield part('x'.repeat(16_384));
    }
  }
  await withHttp2(
    () => ended({ type: 'cut', by: 'server' }, endless()),
    async (client) => {
      const stream = client.request({ ':method': 'POST', ':authority': 'a' });
      stream.on('error', () => {});
      await once(stream, 'response');
      let sent = 0;
      const push = (): void => {
        while (sent < 1000 && stream.write(Buffer.alloc(16_384))) sent += 1;
      };
      stream.on('drain', push);
      push();
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(made * 16_384).toBeLessThan(1024 * 1024);
      expect(sent * 16_384).toBeLessThan(1024 * 1024);
      stream.close();
    },
  );
});

test('draining takes no more streams, and ends when those that are open are answered', async () => {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  await withHttp2(
    () => promise,
    async (client, { drain, exchanges }) => {
      const goaway = once(client, 'goaway');
      const answer = ask2(client, { ':authority': 'a' });
      await until(
        () => exchanges.length === 1,
        () => 'the exchange',
      );
      drain();
      expect((await goaway).slice(0, 2)).toEqual([0, 1]);
      resolve(whole('last'));
      expect((await answer).body.toString()).toBe('last');
      await until(
        () => client.destroyed,
        () => 'the end',
      );
    },
  );
});
