import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Appliance, Receipt } from './appliance.ts';
import { startAppliance } from './appliance.ts';
import type { Client } from './clients.ts';
import { clients } from './clients.ts';
import { compare } from './compare.ts';
import type { Origin } from './origin.ts';
import { startOrigin } from './origin.ts';
import type { Played, Row } from './print.ts';
import { act, check, paint, say, sayPlayed, sayTable } from './print.ts';
import type { Script } from './scenes.ts';
import { writeScript } from './scenes.ts';

const usage = `npm run demo -- [--keep] [--tamper]

  --keep    keeps the folder with the cassette, the certificates and the logs
  --tamper  changes one byte of the cassette between the two acts, so that the demo must fail
`;

interface Flags {
  readonly keep: boolean;
  readonly tamper: boolean;
}

/** The story: record real clients, take the server away, replay, compare. Gives the exit status. */
async function tell(folder: string, flags: Flags): Promise<number> {
  const began = performance.now();
  say(paint('bold', 'magneto records real clients, then answers them with the server gone.'));
  const origin = await startOrigin(join(folder, 'origin'));
  const script = await withPresent(writeScript(origin));
  const recorded = await record(folder, origin, script);
  const cassette = join(folder, 'demo.json');
  if (flags.tamper) await tamper(cassette);
  await origin.stop();
  const saw = origin.saw();
  const replay = await replayAll(folder, origin, script);

  act('Compared, byte for byte');
  const rows = recorded.map((one, index) => rowOf(one, replay.played[index]));
  sayTable(rows);

  act('Receipt of the replay');
  say(`  ${JSON.stringify(replay.receipt)}`);
  act('Checked');
  const text = await readFile(cassette, 'latin1');
  const secrets = [...script.secrets, ...recorded.flatMap(cookieValues)];
  const holds = [
    check(
      rows.every(({ comparison }) => comparison.equal),
      'every client got the very bytes again',
    ),
    check(replay.refused, 'the ports of the server refuse connections'),
    check(origin.saw() === saw, `the server saw ${saw} exchanges while recording, and none since`),
    check(
      replay.sealHolds,
      'a process sealed as the replaying appliance was reaches no port at all',
    ),
    check(replay.attempts === 0, 'the replaying appliance did not even try'),
    check(nothingLive(replay.receipt), 'its receipt says: nothing missed, no live call'),
    check(replay.exitStatus === 0, 'it ended with exit status 0'),
    check(
      secrets.every((secret) => !text.includes(secret)),
      `none of the ${secrets.length} secrets of this run stands in the cassette`,
    ),
  ];
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const kept = flags.keep ? '' : paint('dim', ' (removed now; --keep keeps it)');
  say(`\n  cassette  ${cassette}${kept}`);
  say(`  took      ${seconds} s`);
  return holds.every(Boolean) ? 0 : 1;
}

/** The script without the clients that this machine lacks; they are named. */
async function withPresent({ scenes, secrets }: Script): Promise<Script> {
  const absent = new Set<Client>();
  for (const client of Object.values(clients)) if (!(await client.present())) absent.add(client);
  for (const { name } of absent) say(paint('yellow', `  ${name}: not here`));
  return { scenes: scenes.filter(({ client }) => !absent.has(client)), secrets };
}

async function record(folder: string, origin: Origin, script: Script): Promise<readonly Played[]> {
  act('Act one: the server is up, magneto records');
  const upstreamCa = origin.caFile;
  const appliance = await startAppliance({ mode: 'record', folder, upstreamCa, sealed: false });
  const played = await play(folder, appliance, script);
  const exitStatus = await appliance.stop();
  if (exitStatus !== 0) throw new Error(`the recording ended with exit status ${exitStatus}`);
  return played;
}

interface Replay {
  readonly played: readonly Played[];
  readonly receipt: Receipt;
  readonly refused: boolean;
  readonly attempts: number;
  readonly sealHolds: boolean;
  readonly exitStatus: number | undefined;
}

async function replayAll(folder: string, origin: Origin, script: Script): Promise<Replay> {
  act('Act two: the server is gone, every outgoing connection is refused, magneto replays');
  const refused = (await isRefused(origin.httpPort)) && (await isRefused(origin.httpsPort));
  const upstreamCa = origin.caFile;
  const appliance = await startAppliance({ mode: 'replay', folder, upstreamCa, sealed: true });
  const played = await play(folder, appliance, script);
  const receipt = await appliance.receipt();
  const sealHolds = await appliance.sealHolds();
  const exitStatus = await appliance.stop();
  return { played, receipt, refused, attempts: appliance.attempts(), sealHolds, exitStatus };
}

async function play(
  folder: string,
  { proxyUrl, caFile }: Appliance,
  { scenes }: Script,
): Promise<readonly Played[]> {
  const played: Played[] = [];
  for (const scene of scenes) {
    const began = performance.now();
    const seen = await scene.client.run(scene.ask, { proxyUrl, caFile, folder });
    const one = { scene, seen, ms: Math.round(performance.now() - began) };
    sayPlayed(one);
    played.push(one);
  }
  return played;
}

function rowOf(recorded: Played, replayed: Played | undefined): Row {
  if (replayed === undefined) throw new Error('a scene was not played again');
  const comparison = compare(recorded.seen, replayed.seen);
  return { scene: recorded.scene, recorded, replayed, comparison };
}

/** Changes one byte of one recorded body. */
async function tamper(cassette: string): Promise<void> {
  const text = await readFile(cassette, 'utf8');
  const changed = text.replace('"world"', '"wOrld"');
  if (changed === text) throw new Error('there is nothing to tamper with');
  await writeFile(cassette, changed);
  say(paint('yellow', '\n  one byte of the cassette was changed'));
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

function nothingLive(receipt: Receipt): boolean {
  const { missed, liveCalls, repeated, unused } = receipt;
  return [missed, liveCalls, repeated, unused].every((count) => count === 0);
}

/** What the server baked into its cookies. */
function cookieValues({ seen }: Played): readonly string[] {
  return seen.bytes.toString('latin1').match(/\b[0-9a-f]{12}-[abc]\b/g) ?? [];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      keep: { type: 'boolean', default: false },
      tamper: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return say(usage);
  const folder = await mkdtemp(join(tmpdir(), 'magneto-demo-'));
  try {
    process.exitCode = await tell(folder, values);
  } finally {
    if (!values.keep) await rm(folder, { recursive: true, force: true });
  }
}

await main();
