import { expect, test } from '@jest/globals';
import type { Answer } from '../../src/exchange/upstream.ts';
import { finished } from '../../src/exchange/conversation.ts';
import { parts, rawClient, whole, withWire } from './harness.ts';

function radio(body: Answer['body']): Answer {
  const head = {
    status: 200,
    statusText: 'OK',
    httpVersion: 'ICY',
    headers: [['icy-name', 'x']],
  } as const;
  return { head, body, ending: finished, outcome: 'forwarded' };
}

test.each(['nothing', 'whole', 'pieces'] as const)(
  'a radio of old answers in its own words, and then ends: with a body of %s',
  async (which) => {
    const bodies = {
      nothing: undefined,
      whole: Buffer.from('HTTP/1.1 '),
      pieces: parts('HTTP/1', '.1 '),
    };
    await withWire(
      () => radio(bodies[which]),
      async ({ port }) => {
        const client = await rawClient(port);
        client.send('GET /radio HTTP/1.0\r\nHost: h\r\n\r\n');
        const { text } = await client.ended();
        const said = which === 'nothing' ? '' : 'HTTP/1.1 ';
        expect(text).toBe(`ICY 200 OK\r\nicy-name: x\r\n\r\n${said}`);
      },
    );
  },
);

test('an answer before it in the pipeline is not touched, however late it comes', async () => {
  const { promise: second, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  const open = async (): Promise<Answer> => {
    asked += 1;
    if (asked === 1) {
      // Long enough for the radio's head to be written before it is its turn.
      await second;
      await new Promise((soon) => setTimeout(soon, 50));
      return whole('FIRST');
    }
    resolve();
    return radio(Buffer.from('SOUND'));
  };
  await withWire(open, async ({ port }) => {
    const client = await rawClient(port);
    const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
    client.send(`${get}${get}`);
    const { text } = await client.ended();
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*FIRSTICY 200 OK\r\n[^]*SOUND$/);
  });
});
