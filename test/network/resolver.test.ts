import { describe, expect, test } from '@jest/globals';
import { createResolver } from '../../src/network/resolver.ts';
import { messageId, withMessageId, writeResponse } from '../../src/support/dns-message.ts';
import { question, withNameServer } from '../support/name-server.ts';

const told = { code: 'NOERROR', addresses: ['10.0.0.7'], ttl: 30 };

describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  test('a question is passed on under another id, and the answer comes back under its own', async () => {
    const ids: number[] = [];
    const answer = (message: Buffer): readonly Buffer[] => {
      ids.push(messageId(message));
      return [writeResponse(message, told)];
    };
    await withNameServer(answer, async ({ port }) => {
      const resolver = createResolver({ servers: ['127.0.0.1'], port });
      for (let round = 0; round < 3; round += 1) {
        const found = await resolver.resolve(question('api.test', 'A', transport));
        expect(found).toMatchObject({ ...told, outcome: 'forwarded' });
        expect(messageId(found?.message ?? Buffer.alloc(0))).toBe(77);
      }
      expect(new Set([77, ...ids]).size).toBeGreaterThan(2);
    });
  });

  test('a server that is silent, or not there, is passed over for the next', async () => {
    await withNameServer(
      () => [],
      async ({ port }) => {
        const options = { servers: ['127.0.0.1', '127.0.0.2'], port, limitMs: 100 };
        const resolver = createResolver(options);
        expect(await resolver.resolve(question('api.test', 'A', transport))).toBeUndefined();
      },
    );
  });
});

test('an answer to something else is not taken for ours', async () => {
  const answer = (message: Buffer): readonly Buffer[] => [
    Buffer.from('noise'),
    writeResponse(withMessageId(message, messageId(message) ^ 1), told),
    writeResponse(withMessageId(question('evil.test').message, messageId(message)), told),
    writeResponse(message, { ...told, addresses: ['10.0.0.8'] }),
  ];
  await withNameServer(answer, async ({ port }) => {
    const resolver = createResolver({ servers: ['127.0.0.1'], port });
    const found = await resolver.resolve(question('api.test'));
    expect(found?.addresses).toEqual(['10.0.0.8']);
  });
});

test('equal questions under way are one, so that a resolver that asks back makes no storm', async () => {
  const server = { port: 0 };
  const silent = (): readonly Buffer[] => [];
  await withNameServer(silent, async ({ port, asked }) => {
    server.port = port;
    const resolver = createResolver({ servers: ['127.0.0.1'], port, limitMs: 100 });
    const ids = Array.from({ length: 20 }, (_, id) => id);
    await Promise.all(
      ids.map((id) => {
        const one = question('api.test');
        return resolver.resolve({ ...one, message: withMessageId(one.message, id) });
      }),
    );
    expect(asked()).toBe(1);
    await resolver.resolve(question('api.test'));
    expect(asked()).toBe(2);
  });
});

test('without a server nobody answers', async () => {
  expect(await createResolver({ servers: [] }).resolve(question('a.test'))).toBeUndefined();
});
