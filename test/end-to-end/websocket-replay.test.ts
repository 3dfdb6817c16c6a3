import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { startOrigin } from './origin.ts';
import type { Talker } from './talker.ts';
import { openTalker } from './talker.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, startWith, withAppliance, withFolder } from './with-appliance.ts';

/** Says each message again. */
const echo = (socket: WebSocket): void => {
  socket.send('welcome');
  socket.on('message', (bytes: Buffer) => socket.send(`echo ${bytes.toString()}`));
};

interface Recorded {
  readonly url: string;
  readonly folder: string;
  /** Runs a body in a replay of what was recorded. */
  readonly replay: (
    variables: Readonly<Record<string, string>>,
    body: (running: Running, open: () => Promise<Talker>) => Promise<void>,
  ) => Promise<{ readonly missed: number; readonly repeated: number }>;
}

/** Records what a body says in sessions, and lends the replay. */
async function recorded(
  sessions: readonly (readonly string[])[],
  use: (recording: Recorded) => Promise<void>,
): Promise<void> {
  const origin = await startOrigin({ talk: echo });
  const url = `ws://localhost:${origin.httpPort}/echo`;
  await withFolder(async (folder) => {
    await withAppliance(modeIn(folder, 'record'), async ({ via }) => {
      for (const says of sessions) {
        const talker = await openTalker(via, url);
        await talker.until(1);
        for (const [n, text] of says.entries()) {
          talker.say(text);
          await talker.until(n + 2);
        }
        await talker.bye();
      }
    });
    await origin.stop();
    const replay: Recorded['replay'] = async (variables, body) => {
      const { receipt } = await withAppliance(
        { ...modeIn(folder, 'replay'), ...variables },
        (running) => body(running, () => openTalker(running.via, url)),
      );
      return receipt;
    };
    await use({ url, folder, replay });
  });
}

async function control(
  { controlPort }: Running,
  path: string,
  method = 'POST',
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(`http://127.0.0.1:${controlPort}${path}`, { method });
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

test('timed: the server speaks at its times, whatever the client says', async () => {
  await recorded([['one', 'two']], async ({ replay }) => {
    await replay({ MAGNETO_WEBSOCKET_REPLAY: 'timed' }, async (_running, open) => {
      const talker = await open();
      await talker.until(3);
      expect(talker.heard).toEqual(['welcome', 'echo one', 'echo two']);
      await talker.bye();
    });
    const { missed } = await replay(
      { MAGNETO_WEBSOCKET_REPLAY: 'timed' },
      async (_running, open) => {
        const talker = await open();
        talker.say('else');
        expect(await talker.closed).toMatch(/^1008 client message 0: expected "one", got "else"/);
      },
    );
    expect(missed).toBe(1);
  });
});

test('triggered: each message of the server waits for the control plane, which shows what comes', async () => {
  await recorded([['one']], async ({ replay, url }) => {
    await replay({ MAGNETO_WEBSOCKET_REPLAY: 'triggered' }, async (running, open) => {
      const talker = await open();
      const list = (await control(running, '/websockets', 'GET')) as {
        readonly sessions: readonly { readonly id: string }[];
      };
      expect(list).toMatchObject({ count: 1, sessions: [{ url, policy: 'triggered', place: 0 }] });
      const id = list.sessions[0]?.id ?? '';
      expect(await control(running, `/websockets/${id}`, 'GET')).toMatchObject({ text: 'welcome' });
      expect(talker.heard).toEqual([]);
      await control(running, `/websockets/${id}/advance`);
      await talker.until(1);
      talker.say('one');
      await control(running, `/websockets/${id}/advance`);
      await talker.until(2);
      expect(talker.heard).toEqual(['welcome', 'echo one']);
      await talker.bye();
      expect(await control(running, `/websockets/${id}/advance`)).toMatchObject({
        code: 'WEBSOCKET_UNKNOWN',
      });
    });
  });
});

test('several clients replay one cassette at once, each from its own place, and begin anew', async () => {
  await recorded([['a', 'b'], ['a', 'c'], ['d']], async ({ replay, url }) => {
    const { missed, repeated } = await replay({}, async (running, open) => {
      const talk = async (...says: readonly string[]): Promise<readonly string[]> => {
        const talker = await open();
        await talker.until(1);
        for (const [n, text] of says.entries()) {
          talker.say(text);
          await talker.until(n + 2);
        }
        await talker.bye();
        return talker.heard;
      };
      for (let round = 0; round < 2; round += 1) {
        // The third is told by its first message, wherever it comes.
        const [three, one, two] = await Promise.all([talk('d'), talk('a', 'b'), talk('d')]);
        expect([three, one, two]).toEqual([
          ['welcome', 'echo d'],
          ['welcome', 'echo a', 'echo b'],
          ['welcome', 'echo d'],
        ]);
        expect(await talk('a', 'c')).toEqual(['welcome', 'echo a', 'echo c']);
        const path = `/websockets/reset?url=${encodeURIComponent(url)}`;
        expect(await control(running, path)).toEqual({ reset: 3 });
      }
    });
    expect([missed, repeated]).toEqual([0, 2]);
  });
});

describe('what a client may say otherwise', () => {
  test('paths that are ignored, and messages that are optional', async () => {
    await recorded([['{"n":1,"say":"hi"}', '{"typing":true}', '{"n":2}']], async ({ replay }) => {
      const lenient = {
        MAGNETO_WEBSOCKET_IGNORE: '$.n',
        MAGNETO_WEBSOCKET_OPTIONAL: '$.typing, /^beat/',
      };
      const { missed } = await replay(lenient, async (_running, open) => {
        const talker = await open();
        for (const text of ['beat 1', '{"n":7,"say":"hi"}', 'beat 2', '{"n":9}']) talker.say(text);
        await talker.until(4);
        await talker.bye();
      });
      expect(missed).toBe(0);
    });
  });

  test('what stands in the cassette by hand, which a later take keeps', async () => {
    await recorded([['hello ann', '{"a":1}']], async ({ replay, folder }) => {
      const file = join(folder, 'cassettes', 'default.json');
      const text = await readFile(file, 'utf8');
      const byHand = text
        .replace('"text": "hello ann"', '"text": "hello ann", "match": {"regex": "^hello \\\\w+$"}')
        .replace(
          '"text": "{\\"a\\":1}"',
          '"text": "{}", "match": {"json": {"a": 2}, "ignore": ["$.b"]}',
        );
      await writeFile(file, byHand);
      const { missed } = await replay({}, async (_running, open) => {
        const talker = await open();
        talker.say('hello bob');
        talker.say('{"b":1,"a":2}');
        await talker.until(3);
        await talker.bye();
      });
      expect(missed).toBe(0);
      await withAppliance({ ...modeIn(folder, 'hybrid') }, async ({ via }) => {
        const origin = await startOrigin({ talk: echo });
        const talker = await openTalker(via, `ws://localhost:${origin.httpPort}/more`);
        await talker.until(1);
        await talker.bye();
        await origin.stop();
      });
      const kept = await readFile(file, 'utf8');
      expect(kept).toContain('"regex": "^hello \\\\w+$"');
      expect(kept).toMatch(/"json": \{\s*"a": 2\s*\},\s*"ignore": \[\s*"\$\.b"\s*\]/);
      expect(kept).toContain('/more');
    });
  });
});

test('auto records a session, and replays it when it is there; passthrough does neither', async () => {
  const origin = await startOrigin({ talk: echo });
  const url = `ws://localhost:${origin.httpPort}/echo`;
  await withFolder(async (folder) => {
    const talk = async (mode: string): Promise<string> => {
      const running = await startWith(modeIn(folder, mode));
      const talker = await openTalker(running.via, url);
      await talker.until(1);
      talker.say('a');
      await talker.until(2);
      await talker.bye();
      const { receipt } = await running.appliance.stop();
      expect(talker.heard).toEqual(['welcome', 'echo a']);
      return `${receipt.recorded} ${receipt.served} ${receipt.liveCalls}`;
    };
    expect(await talk('passthrough')).toBe('0 0 1');
    expect(await talk('auto')).toBe('1 0 1');
    await origin.stop();
    expect(await talk('auto')).toBe('0 1 0');
  });
});
