import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { execa, execaSync } from 'execa';
import type { Condition } from './skip.ts';
import { describeWhere } from './skip.ts';

/** Runs the demo as `npm run demo` does once it has built; gives what it printed and its exit status. */
async function demo(flags: readonly string[] = [], through: readonly string[] = []) {
  const [file = '', ...args] = [...through, process.execPath, 'demo/main.ts', ...flags];
  const { exitCode, stdout, stderr } = await execa(file, args, {
    // Jest asks its children for colours; the demo is to decide for itself.
    env: { FORCE_COLOR: undefined, NO_COLOR: undefined },
    reject: false,
    timeout: 60_000,
  });
  const cassette = /^ {2}cassette {2}(\S+)/m.exec(stdout)?.[1] ?? '';
  const [, transparent = ''] = stdout.split(/^(?=Act three|transparent acts)/m);
  return { exitCode, stdout, stderr, cassette, transparent };
}

/** One run of each kind serves all tests: it tells both stories. */
const runs = new Map<string, ReturnType<typeof demo>>();
function once(flag?: '--tamper'): ReturnType<typeof demo> {
  const key = flag ?? '';
  const run = runs.get(key) ?? demo(flag === undefined ? [] : [flag]);
  runs.set(key, run);
  return run;
}

describe('npm run demo', () => {
  test('records real clients, replays them with the server gone, and leaves nothing behind', async () => {
    const { exitCode, stdout, stderr, cassette } = await once();
    expect({ exitCode, stderr, wrong: stdout.match(/^.*\bNO\b.*$/gm) }).toEqual({
      exitCode: 0,
      stderr: '',
      wrong: null,
    });
    expect(stdout).toMatch(/curl +http +JSON.* equal$/m);
    expect(stdout).toMatch(/node ws +wss +text.* equal$/m);
    expect(stdout).toMatch(/three Set-Cookie.* equal, but 3 redacted$/m);
    expect(stdout).toContain('"liveCalls":0');
    // Not a terminal: no colour.
    expect(stdout).not.toContain('\u001b');
    expect(cassette).toMatch(/demo\.json$/);
    expect(existsSync(cassette)).toBe(false);
  }, 60_000);

  test('fails when one byte of the cassette was changed between the acts', async () => {
    const { exitCode, stdout } = await once('--tamper');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /^ {2}curl, http, JSON.*: at byte \d+: recorded .*world.*replayed .*wOrld/m,
    );
    expect(stdout).toMatch(/^ {2}NO {3}every client got the very bytes again$/m);
  }, 60_000);
});

const takesRules: Condition = {
  ok: !execaSync('unshare', ['-n', 'iptables', '-t', 'nat', '-N', 'X'], { reject: false }).failed,
  reason: 'network namespaces and redirects need root, util-linux, iproute2, iptables',
};

describeWhere(takesRules, 'npm run demo, as root on Linux', () => {
  test('records and replays clients that know of no proxy', async () => {
    const { exitCode, transparent } = await once();
    expect(exitCode).toBe(0);
    expect(transparent).toMatch(/^ {2}rules applied \(.*: ports 80, 443 to 8888, 53 to /m);
    expect(transparent).toMatch(/curl +http +no name, but an address .* equal$/m);
    expect(transparent).toMatch(/node ws +wss +text.* equal$/m);
    expect(transparent).toMatch(/saw \d+ exchanges and [1-9]\d* questions for names/);
    expect(transparent).toContain('"missed":0');
    expect(transparent).toContain('"liveCalls":0');
    expect(transparent).toMatch(/^ {2}yes {2}the rules stood in the kernel, and are gone$/m);
  }, 60_000);

  test('fails when one byte of that cassette was changed', async () => {
    const { exitCode, transparent } = await once('--tamper');
    expect(exitCode).toBe(1);
    expect(transparent).toMatch(
      /^ {2}curl, http, JSON.*: at byte \d+: recorded .*world.*replayed .*wOrld/m,
    );
    expect(transparent).toMatch(/^ {2}NO {3}every client got the very bytes again, /m);
  }, 60_000);

  test('says why it cannot where the right to is missing, and is none the worse for it', async () => {
    const bound = ['--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin'];
    const { exitCode, transparent } = await demo([], ['setpriv', ...bound, '--']);
    expect(transparent).toMatch(/^transparent acts: not here: [^\n]*not permitted[^\n]*$/);
    expect(exitCode).toBe(0);
  }, 60_000);

  test('ended by a signal, it leaves no process, no folder and no rule behind', async () => {
    const running = execa(process.execPath, ['demo/main.ts'], { reject: false, timeout: 60_000 });
    let said = '';
    running.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('rules applied')) running.kill('SIGTERM');
    });
    const { exitCode } = await running;
    expect(exitCode).toBe(143);
    const folder = /(\S+)\/demo\.json/.exec(said)?.[1] ?? '';
    expect(folder).toMatch(/magneto-demo-/);
    expect(existsSync(folder)).toBe(false);
    expect(await rulesHere()).toEqual([]);
    // The kernel ends the namespace's processes, in its own time.
    let left = folder;
    for (let tries = 0; left.includes(folder) && tries < 40; tries += 1) {
      await sleep(50);
      left = (await execa('ps', ['-eo', 'args'])).stdout;
    }
    expect(left).not.toContain(folder);
  }, 60_000);
});

/** The rules of ours in this machine itself: others make and remove theirs meanwhile. */
async function rulesHere(): Promise<readonly string[]> {
  const { stdout } = await execa('sh', ['-c', 'iptables-save'], { reject: false });
  return stdout.split('\n').filter((line) => /magneto/i.test(line));
}
