import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import type { Exchange, HttpExchange } from '../../src/exchange/exchange.ts';
import { Failure } from '../../src/exchange/failure.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { parts, read, whole } from './harness.ts';
import { ended, ask2, told, withHttp2 } from './http2-client.ts';

test('bodies and trailers go both ways as they come', async () => {
  const echo = async ({ body, trailers }: HttpExchange): Promise<Answer> => {
    const text = await read(body);
    return {
      ...ended({ type: 'finished', trailers: [...trailers(), ['X-End', 'b'], ['x-end', 'c']] }),
      body: parts(text, '!'),
    };
  };
  await withHttp2(
    (exchange) => echo(exchange as HttpExchange),
    async (client) => {
      const stream = client.request(
        { ':method': 'POST', ':authority': 'a.test' },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'a' }));
      stream.end('ping');
      const { body, trailers } = await told(stream);
      expect(body.toString()).toBe('ping!');
      expect(trailers).toMatchObject({ 'x-sum': 'a', 'x-end': 'b, c' });
    },
  );
});

test('a head that is all of an answer ends its stream', async () => {
  const head = { ...whole('').head, headers: [['grpc-status', '5']] as const };
  await withHttp2(
    () => ({ ...ended({ type: 'finished', trailers: [] }), head }) as Answer,
    async (client) => {
      const stream = client.request({ ':authority': 'a.test' });
      const [, flags] = (await once(stream, 'response')) as [unknown, number];
      expect(flags & 1).toBe(1);
    },
  );
});

test('interim heads come before the head, but for one that would switch protocols', async () => {
  const open = (exchange: Exchange): Answer => {
    const { inform } = exchange as HttpExchange;
    const link = [
      ['Link', '</a>'],
      ['Link', '</b>'],
    ] as const;
    inform({ status: 103, statusText: '', headers: link, httpVersion: '1.1' });
    for (const status of [100, 100, 101])
      inform({ status, statusText: '', headers: [], httpVersion: '1.1' });
    return whole('x');
  };
  await withHttp2(open, async (client) => {
    const { interim, status } = await ask2(client, { ':authority': 'a.test' });
    expect(interim).toMatchObject([{ ':status': 103, link: '</a>, </b>' }, { ':status': 100 }]);
    expect(status).toBe(200);
  });
});

test('HEAD, 204 and 304 have no body, whatever the upstream holds', async () => {
  const statusOf = ({ head }: HttpExchange): number => Number(head.path.slice(1));
  await withHttp2(
    (exchange) => ({ ...whole('x', [], statusOf(exchange as HttpExchange)), body: parts('x') }),
    async (client) => {
      for (const [method, status] of [
        ['HEAD', 200],
        ['GET', 204],
        ['GET', 304],
      ] as const) {
        const answer = await ask2(client, {
          ':method': method,
          ':path': `/${status}`,
          ':authority': 'a',
        });
        expect(answer).toMatchObject({ status, body: Buffer.alloc(0), code: 0 });
      }
    },
  );
});

test('failures are answers of their own', async () => {
  const open = (): Answer => ({
    body: undefined,
    ending: { type: 'cut', by: 'server' },
    outcome: 'missed',
    failure: new Failure('NO_MATCHING_INTERACTION', 'nothing'),
  });
  await withHttp2(
    open,
    async (client, { failures }) => {
      const missed = await ask2(client, { ':authority': 'a' });
      expect(missed).toMatchObject({ status: 404, code: 0 });
      expect(missed.headers).toContain('NO_MATCHING_INTERACTION');
      expect(JSON.parse(missed.body.toString())).toMatchObject({ code: 'NO_MATCHING_INTERACTION' });
      const loop = await ask2(client, { ':authority': 'proxy:8888' });
      expect(loop).toMatchObject({ status: 508 });
      const own = await ask2(client, { ':authority': 'magneto.local', ':path': '/ca.pem' });
      expect(own.body.toString()).toBe('PEM');
      expect(failures.map(({ code }) => code)).toEqual(['DESTINATION_IS_PROXY']);
    },
    { wire: { missStatus: 404 } },
  );
});

test('a server that could not be reached is told of as over HTTP/1', async () => {
  const open = (): Answer => ({
    body: undefined,
    ending: { type: 'timedOut' },
    outcome: 'forwarded',
  });
  await withHttp2(open, async (client) => {
    const answer = await ask2(client, { ':authority': 'a' });
    expect(answer.status).toBe(504);
    expect(answer.headers).toContain('UPSTREAM_TIMED_OUT');
  });
});

test('what HTTP/2 cannot say is a failure', async () => {
  await withHttp2(
    () => whole('x', [], 700),
    async (client) => {
      const answer = await ask2(client, { ':authority': 'a' });
      expect(answer.status).toBe(502);
      expect(answer.headers).toContain('HTTP2_UNFIT');
    },
  );
});

test('interim heads that cannot be sent are left out, and trailers reset their stream', async () => {
  const headers = [['x y', '1']] as const;
  const open = (exchange: Exchange): Answer => {
    const { inform, head } = exchange as HttpExchange;
    if (head.path === '/interim') {
      inform({ status: 103, statusText: '', headers, httpVersion: '1.1' });
      return whole('x');
    }
    if (head.path === '/trailers')
      return ended({ type: 'finished', trailers: headers }, parts('x'));
    return whole('fine');
  };
  await withHttp2(open, async (client) => {
    const interim = await ask2(client, { ':path': '/interim', ':authority': 'a' });
    expect(interim).toMatchObject({ interim: [], body: Buffer.from('x'), code: 0 });
    const broken = await ask2(client, { ':path': '/trailers', ':authority': 'a' });
    expect(broken).toMatchObject({ code: 2 });
    expect((await ask2(client, { ':path': '/', ':authority': 'a' })).body.toString()).toBe('fine');
  });
});
