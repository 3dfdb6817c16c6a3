import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { startChatServer } from './chat-server.ts';
import { ask } from './client.ts';
import type { Talker } from './talker.ts';
import { openTalker } from './talker.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, startWith, withFolder } from './with-appliance.ts';

interface Told {
  readonly type: string;
  readonly session?: string;
  readonly id?: string;
  readonly clientId?: string;
  readonly at?: string;
}

/** What a member heard, but for who typed when, and with what this run made told apart from the rest. */
function account(talker: Talker, ids: readonly string[], times: readonly string[]): object[] {
  return talker.heard
    .map((text) => JSON.parse(text) as Told)
    .filter(({ type }) => type !== 'typing')
    .map(({ session: _session, id: _id, clientId, at, ...rest }) => ({
      ...rest,
      ...(clientId === undefined ? {} : { clientId: ids.indexOf(clientId) }),
      ...(at === undefined ? {} : { at: times.indexOf(at) }),
    }));
}

/** Three members talk; every id and every time is made anew. `order`: who is in the room first. */
async function conversation(
  { via }: Running,
  port: number,
  live: boolean,
): Promise<{ accounts: object[][]; pages: string[]; orders: string[] }> {
  const ids: string[] = [];
  const times: string[] = [];
  const orders: string[] = [];
  const join = (name: string): Promise<Talker> => {
    const headers = { authorization: `Bearer token-of-${name}` };
    return openTalker(via, `ws://127.0.0.1:${port}/room`, { headers });
  };
  const ann = await join('ann');
  await ann.until(1);
  const bob = await join('bob');
  await Promise.all([ann.until(2), bob.until(1)]);
  const eve = await join('eve');
  await Promise.all([ann.until(3), bob.until(2), eve.until(1)]);
  const all = [ann, bob, eve];
  const say = async (talker: Talker, text: string): Promise<void> => {
    // Somebody else types in each run: as often as chance has it.
    for (let n = Math.floor(Math.random() * 3); n > 0; n -= 1) talker.say({ type: 'typing' });
    if (!live) await sleep(Math.random() * 10);
    const before = all.map(({ heard }) => heard.filter((one) => one.includes('"said"')).length);
    if (new Set(before).size > 1) orders.push(`before "${text}": ${before.join()}`);
    ids.push(randomUUID());
    times.push(new Date().toISOString());
    talker.say({ type: 'say', text, clientId: ids.at(-1), at: times.at(-1) });
    const said = (): boolean => all.every(({ heard }) => heard.some((one) => one.includes(text)));
    while (!said()) await sleep(1);
  };
  await say(ann, 'hello, all 🎷');
  await say(bob, 'hello ann');
  await say(eve, 'what did I miss?');
  await say(ann, 'nothing');
  const pages: string[] = [];
  for (let from = 0; from < 4; from += 2) {
    pages.push(
      (await ask(via, { url: `http://127.0.0.1:${port}/history?from=${from}` })).body.toString(),
    );
  }
  await say(bob, 'bye');
  await eve.bye();
  while (![ann, bob].every(({ heard }) => heard.at(-1)?.includes('"online":false'))) await sleep(1);
  const accounts = all.map((talker) => account(talker, ids, times));
  await Promise.all([ann.bye(), bob.bye()]);
  return { accounts, pages, orders };
}

test('a chat room with three members is replayed twenty times, whatever ids and times they make', async () => {
  const server = await startChatServer();
  const optional = { MAGNETO_WEBSOCKET_OPTIONAL: '$.type=typing' };
  await withFolder(async (folder) => {
    const recording = await startWith(modeIn(folder, 'record'));
    const recorded = await conversation(recording, server.port, true);
    await recording.appliance.stop();
    await server.stop();
    expect(recorded.accounts.map((heard) => heard.length)).toEqual([9, 8, 6]);
    const replaying = await startWith({ ...modeIn(folder, 'replay'), ...optional });
    for (let run = 0; run < 20; run += 1) {
      const again = await conversation(replaying, server.port, false);
      expect(again).toEqual({ ...recorded, orders: [] });
    }
    const { receipt, exitStatus } = await replaying.appliance.stop();
    expect([receipt.missed, exitStatus]).toEqual([0, 0]);
  });
}, 120_000);
