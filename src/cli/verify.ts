import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbeResult, Rules } from '../capture/capture.ts';
import {
  captureGid,
  capturedUser,
  diagnosis,
  lookalikes,
  probesOf,
  standingRules,
  testAddress,
  withTestRoutes,
} from '../capture/capture.ts';
import type { Settings } from '../config/config.ts';
import { loadSettings } from '../config/config.ts';
import { Failure, failureLine } from '../exchange/failure.ts';
import { askControl } from './health.ts';
import type { Streams } from './log.ts';
import { uidIn, wantedRules } from './rules-wanted.ts';
import { dialRound, isReachable, isTaken } from './verify-dial.ts';
import { openTestListener } from './verify-listener.ts';
import { readWords } from './words.ts';

/** What the verb needs. */
export interface Verifying {
  readonly env: NodeJS.ProcessEnv;
  readonly streams: Pick<Streams, 'stdout' | 'stderr'>;
  /** The words behind `rules verify`. */
  readonly words: readonly string[];
}

/** Exit status of a self-test that failed; see docs/failures.md. */
const selfTestStatus = 4;

/** Long enough for a machine under load; a connection that was captured takes a millisecond. */
const probeLimitMs = 3000;
const pollMs = 50;

/**
 * Makes a test connection on each captured port in each captured family, and tells how they fared: 0
 * where all came to this magneto with the right destination, else 4. With `--wait` it waits until a
 * proxy serves; without one, and where none listens, it listens in its place.
 * @throws Failure COMMAND_UNKNOWN, whatever the settings have, and what listening has
 */
export async function verify({ env, streams, words }: Verifying): Promise<number> {
  const { wait, uid } = parse(words);
  const { settings } = loadSettings({ env });
  await warnOfLookalikes(uid, streams);
  if (!wait && !(await isTaken(settings.port))) return standIn(settings, streams);
  for (;;) {
    const run = wait ? await untilServing(settings) : await runOf(settings);
    const results = await testAll(settings, run);
    const failed = results.some(({ verdict }) => verdict !== 'right');
    // A proxy that ended meanwhile says nothing of the rules: the next one is to be tested.
    if (failed && wait && (await runOf(settings)) !== run) continue;
    return tell(results, streams);
  }
}

function parse(words: readonly string[]): { readonly wait: boolean; readonly uid: number } {
  const options = { wait: { type: 'boolean' }, uid: { type: 'string' } } as const;
  const { values } = readWords('rules verify', { args: [...words], options });
  return { wait: values.wait === true, uid: uidIn(values) };
}

/** Tests the rules where no proxy listens yet, with a listener of its own in its place. */
async function standIn(settings: Settings, streams: Verifying['streams']): Promise<number> {
  const listener = await openTestListener(settings.port);
  try {
    return tell(await testAll(settings, listener.run), streams);
  } finally {
    await listener.close();
  }
}

/** All test connections of some settings, made. */
export async function testAll(
  settings: Settings,
  run: string | undefined,
): Promise<readonly ProbeResult[]> {
  const { rules } = await wantedRules({}, settings);
  const { ports, scope, proxyPort, controlPort } = rules;
  const standing = await standingRules();
  // Who may not look at the rules tests both families.
  const captured = standing.known ? standing.families : (['v4', 'v6'] as const);
  const v4 = testAddress(scope, 'v4');
  const v6 = captured.includes('v6') ? testAddress(scope, 'v6') : undefined;
  const addresses = [v4, v6].filter((address) => address !== undefined);
  return withTestRoutes(addresses, async () => {
    // Without a route, also over loopback, IPv6 is off, and nothing can leave by it.
    const ipv6 = v6 !== undefined && (await isReachable(v6));
    const probes = probesOf({
      ports,
      except: [...scope.excludedPorts, proxyPort, controlPort],
      addresses: { ...(v4 !== undefined && { v4 }), ...(ipv6 && { v6 }) },
    });
    return asCaptured(scope, () => dialRound({ probes, run, limitMs: probeLimitMs }));
  });
}

/** Runs a body as a user that is captured, where root is not: the rules look at the user of a socket. */
async function asCaptured<Result>(
  { uids, excludedUids }: Rules['scope'],
  body: () => Promise<Result>,
): Promise<Result> {
  const user = capturedUser(uids, excludedUids);
  if (user === undefined || process.getuid?.() !== 0) return body();
  process.seteuid?.(user);
  try {
    return await body();
  } finally {
    process.seteuid?.(0);
  }
}

/** Waits until a proxy serves, and gives the id of its run. Whoever started both ends us with it. */
async function untilServing(settings: Settings): Promise<string> {
  for (;;) {
    const { run, phase } = await health(settings);
    if (typeof run === 'string' && phase === 'serving') return run;
    await sleep(pollMs);
  }
}

async function runOf(settings: Settings): Promise<string | undefined> {
  const { run } = await health(settings);
  return typeof run === 'string' ? run : undefined;
}

async function health(settings: Settings): Promise<Readonly<Record<string, unknown>>> {
  const said = await askControl(settings, AbortSignal.timeout(probeLimitMs)).catch(
    (error: unknown) => {
      if (error instanceof Failure) throw error;
      return undefined;
    },
  );
  return typeof said === 'object' && said !== null ? { ...said } : {};
}

async function warnOfLookalikes(uid: number, streams: Verifying['streams']): Promise<void> {
  const program = process.argv[1] ?? '';
  for (const { pid, name } of await lookalikes({ uid, gid: captureGid, program })) {
    streams.stderr.write(
      `magneto: process ${pid} (${name}) runs as user ${uid} with group ${captureGid}, as magneto does: nothing of it is captured; run it as another user or group\n`,
    );
  }
}

function tell(results: readonly ProbeResult[], streams: Verifying['streams']): number {
  if (results.length === 0) {
    const words = 'no port of any destination is captured, or of one family that is not used here';
    const remedy = 'widen MAGNETO_REDIRECT_PORTS and MAGNETO_REDIRECT_CIDRS, or exclude less';
    const nothing = new Failure('CAPTURE_SELF_TEST_FAILED', words);
    streams.stderr.write(`magneto: ${failureLine(nothing)}\n  remedy:  ${remedy}\n`);
    return selfTestStatus;
  }
  const wrong = results.filter(({ verdict }) => verdict !== 'right').length;
  if (wrong === 0) {
    streams.stdout.write(`self-test passed: ${coverage(results)}\n`);
    return 0;
  }
  const words = `${wrong} of ${results.length} test connections did not come through`;
  const failure = new Failure('CAPTURE_SELF_TEST_FAILED', words);
  streams.stderr.write(`magneto: ${failureLine(failure)}\n${diagnosis(results)}`);
  return selfTestStatus;
}

function coverage(results: readonly ProbeResult[]): string {
  const ports = [...new Set(results.map(({ probe }) => probe.port))].join(', ');
  const both = results.some(({ probe }) => probe.family === 'v6');
  return `${both ? 'IPv4 and IPv6' : 'IPv4'}, ports ${ports}`;
}
