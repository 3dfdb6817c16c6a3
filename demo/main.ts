import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Receipt } from './appliance.ts';
import { startAppliance } from './appliance.ts';
import { tellTransparent } from './namespace.ts';
import type { Origin } from './origin.ts';
import { startOrigin } from './origin.ts';
import { isRefused, nothingLive, play, rowsOf, secretsIn, tamper, withPresent } from './play.ts';
import type { Played } from './print.ts';
import { act, check, paint, say, sayTable } from './print.ts';
import { endAll } from './running.ts';
import type { Script } from './scenes.ts';
import { writeScript } from './scenes.ts';

const usage = `npm run demo -- [--keep] [--tamper]

  --keep    keeps the folder with the cassette, the certificates and the logs
  --tamper  changes one byte of each cassette between its two acts, so that the demo must fail
`;

interface Flags {
  readonly keep: boolean;
  readonly tamper: boolean;
}

/** The story: record real clients, take the server away, replay, compare. Gives the exit status. */
async function tell(folder: string, flags: Flags): Promise<number> {
  const began = performance.now();
  say(paint('bold', 'magneto records real clients, then answers them with the server gone.'));
  const origin = await startOrigin(join(folder, 'origin'), {
    name: 'localhost',
    address: '127.0.0.1',
    ports: [0, 0],
  });
  const script = await withPresent(writeScript(origin));
  const recorded = await record(folder, origin, script);
  const cassette = join(folder, 'demo.json');
  if (flags.tamper) await tamper(cassette);
  await origin.stop();
  const saw = origin.saw();
  const replay = await replayAll(folder, origin, script);

  act('Compared, byte for byte');
  const rows = rowsOf(recorded, replay.played);
  sayTable(rows);

  act('Receipt of the replay');
  say(`  ${JSON.stringify(replay.receipt)}`);
  act('Checked');
  const secrets = await secretsIn(cassette, script, recorded);
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
      secrets.found === 0,
      `none of the ${secrets.all} secrets of this run stands in the cassette`,
    ),
  ];
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const kept = flags.keep ? '' : paint('dim', ' (removed now; --keep keeps it)');
  say(`\n  cassette  ${cassette}${kept}`);
  say(`  took      ${seconds} s`);
  return holds.every(Boolean) ? 0 : 1;
}

async function record(folder: string, origin: Origin, script: Script): Promise<readonly Played[]> {
  act('Act one: the server is up, magneto records');
  const upstreamCa = origin.caFile;
  const appliance = await startAppliance({ mode: 'record', folder, upstreamCa, sealed: false });
  const played = await play(script, { ...appliance, folder });
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
  const refused =
    (await isRefused(origin.httpPort, '127.0.0.1')) &&
    (await isRefused(origin.httpsPort, '127.0.0.1'));
  const upstreamCa = origin.caFile;
  const appliance = await startAppliance({ mode: 'replay', folder, upstreamCa, sealed: true });
  const played = await play(script, { ...appliance, folder });
  const receipt = await appliance.receipt();
  const sealHolds = await appliance.sealHolds();
  const exitStatus = await appliance.stop();
  return { played, receipt, refused, attempts: appliance.attempts(), sealHolds, exitStatus };
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
  const told = (async () =>
    Math.max(await tell(folder, values), await tellTransparent(folder, values)))();
  try {
    process.exitCode = await Promise.race([told, signalled()]);
  } finally {
    await endAll();
    // Those in the namespace end a moment after it does.
    const gone = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 };
    if (!values.keep) rmSync(folder, gone);
  }
  // A story that a signal broke off has no end of its own.
  process.exit();
}

/** The exit status of a process that was ended by a signal, once one comes. */
function signalled(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      // A second one is not to break the clearing up.
      process.on(signal, () => resolve(128 + constants.signals[signal]));
    }
  });
}

await main();
