import { describe, expect, test } from '@jest/globals';
import type { Ending } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import { Failure } from '../../src/exchange/failure.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { parts, rawClient, say, until, whole, withWire } from './harness.ts';

const request = 'GET http://far.test/ HTTP/1.1\r\n\r\n';
const chunked: Headers = [['Transfer-Encoding', 'chunked']];
const ten: Headers = [['Content-Length', '10']];

function ended(headers: Headers, body: Answer['body'], ending: Ending): Answer {
  const head = { status: 200, statusText: 'OK', httpVersion: '1.1', headers };
  return { head, body, ending, outcome: 'replayed' };
}

function lost(ending: Ending): Answer {
  return { body: undefined, ending, outcome: 'forwarded' };
}

describe('after a head', () => {
  test.each<[string, string, Ending]>([
    ['reset', 'ECONNRESET', { type: 'reset', by: 'server' }],
    ['cut', 'FIN', { type: 'cut', by: 'server' }],
    ['timedOut', 'FIN', { type: 'timedOut' }],
  ])('%s is seen as %s after the bytes', async (_name, how, ending) => {
    for (const [headers, body, text] of [
      [ten, () => parts('abc', 'd'), 'Content-Length: 10\r\n\r\nabcd'],
      [ten, () => Buffer.from('abcd'), 'Content-Length: 10\r\n\r\nabcd'],
      [chunked, () => parts('ab'), 'chunked\r\n\r\n2\r\nab\r\n'],
      [ten, () => parts(), 'Content-Length: 10\r\n\r\n'],
      [ten, () => undefined, 'Content-Length: 10\r\n\r\n'],
    ] as const) {
      await withWire(
        () => ended(headers, body(), ending),
        async ({ port }) => {
          const heard = await say(port, request);
          expect(heard.text.endsWith(text)).toBe(true);
          expect(heard.how).toBe(how);
        },
      );
    }
  });

  test('large bodies are whole before a cut', async () => {
    const big = 'x'.repeat(3_000_000);
    await withWire(
      () => ended([['Content-Length', '3000001']], parts(big), { type: 'cut', by: 'server' }),
      async ({ port }) => {
        const { text, how } = await say(port, request);
        expect(text.length - text.indexOf('\r\n\r\n') - 4).toBe(big.length);
        expect(how).toBe('FIN');
      },
    );
  });

  test('cut by the client: it may wait as long as it likes', async () => {
    await withWire(
      () => ended(ten, parts('abc'), { type: 'cut', by: 'client' }),
      async ({ port, exchanges }) => {
        const client = await rawClient(port);
        client.send(request);
        await client.hears('abc');
        await new Promise((resolve) => setTimeout(resolve, 30));
        expect(client.heard()).toMatch(/abc$/);
        client.socket.destroy();
        await until(
          () => exchanges[0]?.signal.aborted === true,
          () => 'the abort',
        );
      },
    );
  });

  test('behind another answer, an ending waits for its turn', async () => {
    let first = (): void => {};
    const open = async (exchange: Exchange): Promise<Answer> => {
      if (exchange.kind === 'http' && exchange.head.path === '/2') {
        return ended(ten, parts('xyz'), { type: 'cut', by: 'server' });
      }
      await new Promise<void>((resolve) => {
        first = resolve;
      });
      return whole('one');
    };
    await withWire(open, async ({ port, exchanges }) => {
      const client = await rawClient(port);
      client.send('GET http://h/1 HTTP/1.1\r\n\r\nGET http://h/2 HTTP/1.1\r\n\r\n');
      await until(
        () => exchanges.length === 2,
        () => 'two',
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
      first();
      const { text, how } = await client.ended();
      expect(text).toMatch(/\r\n\r\noneHTTP\/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxyz$/);
      expect(how).toBe('FIN');
    });
  });
});

describe('before a head', () => {
  test.each<[string, number, Ending, string]>([
    ['UPSTREAM_REFUSED', 502, { type: 'refused' }, 'far.test:80 refused'],
    ['UPSTREAM_TIMED_OUT', 504, { type: 'timedOut' }, 'far.test:80'],
    ['UPSTREAM_NAME_NOT_FOUND', 502, { type: 'dns', code: 'ENOTFOUND' }, 'ENOTFOUND'],
    [
      'UPSTREAM_CERTIFICATE',
      502,
      { type: 'tls', code: 'CERT_HAS_EXPIRED', reason: 'it has expired' },
      'it has expired (CERT_HAS_EXPIRED)',
    ],
  ])('%s is told as %i', async (...row) => {
    const [code, status, ending, words] = row;
    await withWire(
      () => lost(ending),
      async ({ port }) => {
        const client = await rawClient(port);
        client.send(request);
        await client.hears('}\n');
        const [head = '', body = ''] = client.heard().split('\r\n\r\n');
        expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
        expect(head).toContain('Content-Type: application/problem+json');
        expect(head).toContain(`X-Magneto-Failure: ${code}`);
        const problem = JSON.parse(body) as Record<string, unknown>;
        expect(problem).toMatchObject({ status, code });
        expect(problem['detail']).toContain(words);
        client.socket.destroy();
      },
    );
  });

  test.each<[string, Ending]>([
    ['ECONNRESET', { type: 'reset', by: 'server' }],
    ['FIN', { type: 'cut', by: 'server' }],
    ['FIN', { type: 'finished', trailers: [] }],
  ])('%s without a byte', async (how, ending) => {
    await withWire(
      () => lost(ending),
      async ({ port }) => {
        expect(await say(port, request)).toEqual({ text: '', how });
      },
    );
  });

  test('a miss has the status asked for, and says more than the table', async () => {
    const explain = (): Record<string, unknown> => ({ closest: { id: 'i1' } });
    const failure = new Failure('NO_MATCHING_INTERACTION', 'GET far.test:80/', { explain });
    await withWire(
      () => ({ ...lost({ type: 'cut', by: 'server' }), outcome: 'missed', failure }),
      async ({ port }) => {
        const { text } = await say(
          port,
          'GET http://far.test/ HTTP/1.1\r\nConnection: close\r\n\r\n',
        );
        expect(text).toMatch(/^HTTP\/1.1 418 /);
        expect(text).toContain('X-Magneto-Failure: NO_MATCHING_INTERACTION');
        expect(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).toMatchObject({
          type: 'https://magneto.local/failures#NO_MATCHING_INTERACTION',
          status: 418,
          closest: { id: 'i1' },
        });
      },
      { wire: { missStatus: 418 } },
    );
  });
});
