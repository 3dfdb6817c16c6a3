import { expect, test } from '@jest/globals';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { until, whole } from './harness.ts';
import { ask2, withHttp2 } from './http2-client.ts';

test('a request becomes an exchange, and its answer comes back', async () => {
  await withHttp2(
    () =>
      whole('hello', [
        ['Content-Type', 'text/plain'],
        ['X-A', '1'],
        ['x-a', 'ä'],
      ]),
    async (client, { exchanges }) => {
      const answer = await ask2(client, [
        ':path',
        '/a?b=c',
        ':authority',
        'a.test:8080',
        'x-one',
        '1',
        'x-one',
        'ö',
      ]);
      expect(answer).toMatchObject({ status: 200, body: Buffer.from('hello'), code: 0 });
      const sent = ['content-type', 'text/plain', 'x-a', '1', 'x-a', 'ä', 'content-length', '5'];
      expect(answer.headers).toEqual(sent);
      expect(exchanges).toMatchObject([
        {
          kind: 'http',
          destination: { host: 'a.test', port: 8080, secure: false },
          head: {
            method: 'GET',
            path: '/a?b=c',
            httpVersion: '2.0',
            authority: 'a.test:8080',
            headers: [
              ['x-one', '1'],
              ['x-one', 'ö'],
            ],
          },
          body: undefined,
        },
      ]);
    },
  );
});

test('a client that gives up a stream is known by its code', async () => {
  const reasons: unknown[] = [];
  const hang = (exchange: Exchange): Promise<Answer> =>
    new Promise(() => {
      exchange.signal.addEventListener('abort', () => reasons.push(exchange.signal.reason));
    });
  await withHttp2(hang, async (client, { exchanges }) => {
    const streams = [1, 2, 3].map(() => client.request({ ':method': 'POST', ':authority': 'a' }));
    for (const stream of streams) stream.on('error', () => {});
    await until(
      () => exchanges.length === 3,
      () => 'three exchanges',
    );
    streams[0]?.close(8);
    await until(
      () => reasons.length === 1,
      () => 'the first',
    );
    streams[1]?.close(11);
    await until(
      () => reasons.length === 2,
      () => 'the second',
    );
    client.socket.destroy();
    await until(
      () => reasons.length === 3,
      () => 'the third',
    );
    expect(reasons).toEqual([
      { type: 'reset', by: 'client', code: 8 },
      { type: 'reset', by: 'client', code: 11 },
      { type: 'cut', by: 'client' },
    ]);
  });
});
