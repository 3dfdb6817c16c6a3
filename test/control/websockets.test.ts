import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Control } from '../../src/control/control.ts';
import { createControl } from '../../src/control/control.ts';
import { websocketPage } from '../../src/control/websockets.ts';
import type { Stage } from '../../src/mode/mode.ts';
import { createStage } from '../../src/mode/mode.ts';

interface Body {
  readonly count?: number;
  readonly sessions?: readonly object[];
}

const url = 'ws://far.test/chat?room=1';

describe('sessions that are being replayed', () => {
  let stage: Stage;
  let control: Control;
  let base: string;

  beforeEach(async () => {
    stage = createStage();
    const unused = (): never => {
      throw new Error('not asked for');
    };
    control = createControl({
      status: unused,
      receipt: unused,
      certificatePem: unused,
      trustFile: unused,
      metrics: { text: unused, contentType: '' },
      allowClients: ['127.0.0.0/8'],
      hostnames: [],
      token: 'let-me-in',
      quit: unused,
      stage,
    });
    const { port } = await control.listen('127.0.0.1', 0);
    base = `http://127.0.0.1:${port}`;
    const slot = stage.enter({ id: 'e1', url, policy: 'triggered' });
    slot.plays('i000000', [
      { from: 'server', atMs: 5, kind: 'text', bytes: Buffer.from('a secret') },
    ]);
    stage.enter({ id: 'e2', url, policy: 'synchronized' });
  });

  afterEach(() => control.close());

  const ask = async (path: string, method: string, token = 'let-me-in') => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${base}${path}`, { method, headers });
    return [response.status, (await response.json()) as Body] as const;
  };

  test('are listed for everybody, without what they say', async () => {
    const [status, body] = await ask('/websockets', 'GET', 'none');
    expect([status, body.count]).toEqual([200, 2]);
    expect(body.sessions?.[0]).toEqual({
      id: 'e1',
      url,
      interaction: 'i000000',
      policy: 'triggered',
      messages: 1,
      place: 0,
      next: { from: 'server', kind: 'text', atMs: 5, bytes: 8 },
    });
  });

  test('tell what comes next to who has the token, and as often as asked', async () => {
    expect((await ask('/websockets/e1', 'GET', 'wrong'))[0]).toBe(401);
    for (let again = 0; again < 2; again += 1) {
      expect(await ask('/websockets/e1', 'GET')).toMatchObject([
        200,
        { place: 0, text: 'a secret' },
      ]);
    }
    expect(await ask('/websockets/e9', 'GET')).toMatchObject([404, { code: 'WEBSOCKET_UNKNOWN' }]);
  });

  test('go on where they are triggered', async () => {
    expect((await ask('/websockets/e1/advance', 'POST', 'wrong'))[0]).toBe(401);
    expect(await ask('/websockets/e1/advance', 'POST')).toMatchObject([200, { id: 'e1' }]);
    expect(await ask('/websockets/e2/advance', 'POST')).toMatchObject([
      409,
      { code: 'WEBSOCKET_NOT_TRIGGERED' },
    ]);
    expect((await ask('/websockets/e9/advance', 'POST'))[0]).toBe(404);
    expect((await ask('/websockets/e1/advance', 'GET'))[0]).toBe(405);
  });

  test('begin anew, those of a URL or all', async () => {
    const asked: (string | undefined)[] = [];
    stage.onReset((which) => (asked.push(which), 3));
    expect((await ask('/websockets/reset', 'POST', 'wrong'))[0]).toBe(401);
    const path = `/websockets/reset?url=${encodeURIComponent(url)}`;
    expect(await ask(path, 'POST')).toEqual([200, { reset: 3 }]);
    expect(await ask('/websockets/reset', 'POST')).toEqual([200, { reset: 3 }]);
    expect(asked).toEqual([url, undefined]);
  });
});

test.each([
  '/websocket',
  '/websockets/',
  '/websockets/a/b',
  '/websockets/a.b',
  '/websockets/a/advance/',
])('there is no %s', (path) => expect(websocketPage(path)).toBeUndefined());
