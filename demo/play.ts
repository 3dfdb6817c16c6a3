import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Receipt } from './appliance.ts';
import type { Client, Way } from './clients.ts';
import { clients } from './clients.ts';
import { compare } from './compare.ts';
import type { Played, Row } from './print.ts';
import { paint, say, sayPlayed } from './print.ts';
import type { Script } from './scenes.ts';

/** The script without the clients that this machine lacks; they are named. */
export async function withPresent({ scenes, secrets }: Script): Promise<Script> {
  const absent = new Set<Client>();
  for (const client of Object.values(clients)) if (!(await client.present())) absent.add(client);
  for (const { name } of absent) say(paint('yellow', `  ${name}: not here`));
  return { scenes: scenes.filter(({ client }) => !absent.has(client)), secrets };
}

/** Plays the scenes one after the other, and prints each. */
export async function play({ scenes }: Script, way: Way): Promise<readonly Played[]> {
  const played: Played[] = [];
  for (const scene of scenes) {
    const began = performance.now();
    const seen = await scene.client.run(scene.ask, way);
    const one = { scene, seen, ms: Math.round(performance.now() - began) };
    sayPlayed(one);
    played.push(one);
  }
  return played;
}

/** The lines of the table. */
export function rowsOf(recorded: readonly Played[], replayed: readonly Played[]): readonly Row[] {
  return recorded.map((one, index) => rowOf(one, replayed[index]));
}

function rowOf(recorded: Played, replayed: Played | undefined): Row {
  if (replayed === undefined) throw new Error('a scene was not played again');
  const comparison = compare(recorded.seen, replayed.seen);
  return { scene: recorded.scene, recorded, replayed, comparison };
}

/** Changes one byte of one recorded body. */
export async function tamper(cassette: string): Promise<void> {
  const text = await readFile(cassette, 'utf8');
  const changed = text.replace('"world"', '"wOrld"');
  if (changed === text) throw new Error('there is nothing to tamper with');
  await writeFile(cassette, changed);
  say(paint('yellow', '\n  one byte of the cassette was changed'));
}

/** Whether nothing listens at a port. */
export async function isRefused(port: number, address: string): Promise<boolean> {
  const socket = connect(port, address);
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

/** Whether a replay was whole: every request found, none in vain, none let through. */
export function nothingLive(receipt: Receipt): boolean {
  const { missed, liveCalls, repeated, unused } = receipt;
  return [missed, liveCalls, repeated, unused].every((count) => count === 0);
}

/** How many secrets of a run, those that clients sent and those that the server set, stand in a cassette. */
export async function secretsIn(
  cassette: string,
  { secrets }: Script,
  played: readonly Played[],
): Promise<{ readonly found: number; readonly all: number }> {
  const text = await readFile(cassette, 'latin1');
  const all = [...secrets, ...played.flatMap(cookieValues)];
  return { found: all.filter((secret) => text.includes(secret)).length, all: all.length };
}

/** What the server baked into its cookies. */
function cookieValues({ seen }: Played): readonly string[] {
  return seen.bytes.toString('latin1').match(/\b[0-9a-f]{12}-[abc]\b/g) ?? [];
}
