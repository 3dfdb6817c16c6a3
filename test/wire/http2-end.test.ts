import { expect, test } from '@jest/globals';
import type { Ending } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { parts, until, whole } from './harness.ts';
import { ask2, ended, withHttp2 } from './http2-client.ts';

test.each<[Ending, number]>([
  [{ type: 'reset', by: 'server', code: 7 }, 7],
  [{ type: 'reset', by: 'server', code: 8 }, 8],
  [{ type: 'reset', by: 'server' }, 2],
  [{ type: 'cut', by: 'server' }, 2],
])('%j resets the stream after what was said, and no other', async (ending, code) => {
  await withHttp2(
    ({ destination }) => (destination.port === 1 ? ended(ending, parts('half')) : whole('ok')),
    async (client) => {
      const [broken, other] = await Promise.all([
        ask2(client, { ':authority': 'a:1' }),
        ask2(client, { ':authority': 'a:2' }),
      ]);
      expect(broken).toMatchObject({ status: 200, body: Buffer.from('half'), code });
      expect(other).toMatchObject({ body: Buffer.from('ok'), code: 0 });
    },
  );
});

test('a stream is reset before its head, where there was none', async () => {
  const open = (): Answer => ({
    body: undefined,
    ending: { type: 'reset', by: 'server', code: 13 },
    outcome: 'forwarded',
  });
  await withHttp2(open, async (client) => {
    expect(await ask2(client, { ':authority': 'a' })).toMatchObject({ status: 0, code: 13 });
  });
});

test.each([
  [1, 1, 7],
  [3, 1, undefined],
])('a server that goes away has not taken stream %d', async (id, last, refused) => {
  const open = ({ destination }: Exchange): Answer =>
    destination.port === 1
      ? { body: undefined, ending: { type: 'goaway', code: 0 }, outcome: 'forwarded' }
      : whole('ok');
  await withHttp2(open, async (client) => {
    const heard: unknown[] = [];
    client.on('goaway', (code, lastStream) => heard.push([code, lastStream]));
    const before = id === 1 ? undefined : await ask2(client, { ':authority': 'a:2' });
    expect(before?.body.toString() ?? 'ok').toBe('ok');
    const gone = await ask2(client, { ':authority': 'a:1' });
    expect(gone.status).toBe(0);
    // The first of all is refused, for Node cannot say that none was taken.
    if (refused !== undefined) expect(gone.code).toBe(refused);
    await until(
      () => client.destroyed,
      () => 'the end of the connection',
    );
    expect(heard[0]).toEqual([0, last]);
  });
});
