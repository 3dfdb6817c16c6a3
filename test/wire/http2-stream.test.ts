import { expect, test } from '@jest/globals';
import { whole } from './harness.ts';
import { ask2, withHttp2 } from './http2-client.ts';

test('a head that is too large is refused in words, and nothing of it reaches an upstream', async () => {
  // Said once and then repeated by its index: a few bytes on the wire (an HPACK bomb).
  const bomb = (count: number) => ({
    'x-y': Array.from({ length: count }, () => 'y'.repeat(3000)),
  });
  await withHttp2(
    () => whole('x'),
    async (client, { exchanges, failures }) => {
      expect(await ask2(client, { ':authority': 'a', ...bomb(80) })).toMatchObject({ status: 200 });
      const refused = await ask2(client, { ':authority': 'a', ...bomb(100) });
      expect(refused).toMatchObject({ status: 431 });
      expect(refused.headers).toContain('HEADERS_TOO_LARGE');
      const grpc = { ':authority': 'a', 'content-type': 'application/grpc', ...bomb(100) };
      const call = await ask2(client, grpc);
      expect(call).toMatchObject({ status: 200 });
      expect(JSON.stringify(call.headers)).toContain('"grpc-status","13"');
      expect(await ask2(client, { ':authority': 'a', ...bomb(250) })).toMatchObject({ code: 11 });
      expect(exchanges).toHaveLength(1);
      expect(failures).toHaveLength(2);
    },
  );
});

test('the first authority is another name of where a connection leads, a second is another destination', async () => {
  const destination = { host: 'a.test', port: 443, secure: true, learnt: 'sni' } as const;
  await withHttp2(
    () => whole('x'),
    async (client, { exchanges }) => {
      for (const name of ['alias.test', 'b.test', 'alias.test', 'c.test:8443']) {
        await ask2(client, { ':authority': name });
      }
      expect(exchanges.map(({ destination: { host, port } }) => `${host}:${port}`)).toEqual([
        'a.test:443',
        'b.test:443',
        'a.test:443',
        'c.test:8443',
      ]);
    },
    { arrival: { destination } },
  );
});

test('a request that names nobody, where nobody is known, is refused', async () => {
  await withHttp2(
    () => whole('x'),
    async (client, { failures }) => {
      expect(await ask2(client, { ':authority': 'a:b:c' })).toMatchObject({ status: 400 });
      expect(failures[0]?.code).toBe('DESTINATION_UNKNOWN');
    },
  );
});
