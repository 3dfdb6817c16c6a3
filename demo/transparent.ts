// The story again, for clients that know of no proxy. Runs in a namespace that `namespace.ts` made.
import { join } from 'node:path';
import { execa } from 'execa';
import { captureGid } from '../src/capture/capture.ts';
import type { Receipt } from './appliance.ts';
import { bundle, capturePort, cleanEnvironment, startAppliance } from './appliance.ts';
import { startNames } from './names.ts';
import { originAddress as address } from './namespace.ts';
import { startOrigin } from './origin.ts';
import { isRefused, nothingLive, play, rowsOf, secretsIn, tamper, withPresent } from './play.ts';
import type { Played } from './print.ts';
import { act, check, say, sayTable } from './print.ts';
import type { Script } from './scenes.ts';
import { writeUnawareScript } from './scenes.ts';

const name = 'lodestone.test';

/** The proxy's user and, alone among all processes, its group: what the rules leave alone. */
const captureAs = ['setpriv', '--regid', String(captureGid), '--clear-groups', '--'];

async function tell(folder: string, tampered: boolean): Promise<number> {
  const began = performance.now();
  const origin = await startOrigin(join(folder, 'origin'), { name, address, ports: [80, 443] });
  const names = await startNames(name, address);
  const common = { folder, upstreamCa: origin.caFile, captureAs };
  const script = await withPresent(writeUnawareScript({ name, address }));

  act('Act three: no client knows of a proxy, the kernel leads them to magneto, which records');
  say(`  ${await rules('apply', '--uid', '0', '--port', String(capturePort))}`);
  const applied = await rulesStand();
  const recorded = await playWith({ ...common, mode: 'record', sealed: false }, script);

  const cassette = join(folder, 'demo.json');
  if (tampered) await tamper(cassette);
  await origin.stop();
  await names.stop();
  const saw = [origin.saw(), names.saw()];

  act('Act four: the server and its name server are gone, they ask again, magneto replays');
  const replayed = await playWith({ ...common, mode: 'replay', sealed: true }, script);
  say(`  ${await rules('remove')}`);

  act('Compared, byte for byte');
  const rows = rowsOf(recorded.played, replayed.played);
  sayTable(rows);
  act('Receipt of the replay');
  say(`  ${JSON.stringify(replayed.receipt)}`);
  act('Checked');
  const secrets = await secretsIn(cassette, script, recorded.played);
  const holds = [
    check(
      rows.every(({ comparison }) => comparison.equal),
      'every client got the very bytes again, and none was told of a proxy',
    ),
    check(
      Number(recorded.receipt['recorded']) > 0 && saw.every((count) => count > 0),
      `the server saw ${saw[0]} exchanges and ${saw[1]} questions for names while recording`,
    ),
    check(
      (await isRefused(80, address)) && (await isRefused(443, address)),
      'its ports, asked without the rules, refuse connections',
    ),
    check(replayed.attempts === 0, 'the replaying appliance did not even try to connect'),
    // A name is asked for again by each client, and recorded once.
    check(
      nothingLive({ ...replayed.receipt, repeated: 0 }),
      'its receipt says: nothing missed, no live call',
    ),
    check(
      recorded.exitStatus === 0 && replayed.exitStatus === 0,
      'both appliances ended with exit status 0',
    ),
    check(applied && !(await rulesStand()), 'the rules stood in the kernel, and are gone'),
    check(
      secrets.found === 0,
      `none of the ${secrets.all} secrets of this run stands in the cassette`,
    ),
  ];
  say(`\n  took      ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return holds.every(Boolean) ? 0 : 1;
}

interface Run {
  readonly played: readonly Played[];
  readonly receipt: Receipt;
  readonly attempts: number;
  readonly exitStatus: number | undefined;
}

async function playWith(start: Parameters<typeof startAppliance>[0], script: Script): Promise<Run> {
  const appliance = await startAppliance(start);
  const { caFile } = appliance;
  const played = await play(script, { caFile, folder: start.folder });
  const receipt = await appliance.receipt();
  const exitStatus = await appliance.stop();
  return { played, receipt, attempts: appliance.attempts(), exitStatus };
}

/** Has magneto apply or remove its rules; gives what it said. */
async function rules(...words: readonly string[]): Promise<string> {
  const { stdout } = await execa(process.execPath, [bundle, 'rules', ...words], {
    extendEnv: false,
    env: cleanEnvironment(),
  });
  return stdout;
}

/** Whether rules of magneto's stand in the kernel, by whichever kind of iptables. */
async function rulesStand(): Promise<boolean> {
  const kinds = ['iptables', 'iptables-nft', 'iptables-legacy'];
  const saved = await Promise.all(
    kinds.map(async (kind) => (await execa(`${kind}-save`, { reject: false })).stdout),
  );
  return saved.some((text) => text?.includes('MAGNETO_OUTPUT'));
}

const [folder = '', tampered] = process.argv.slice(2);
process.exitCode = await tell(folder, tampered === 'tamper');
