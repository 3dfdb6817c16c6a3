import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { execa } from 'execa';

/** Runs the demo as `npm run demo` does once it has built; gives what it printed and its exit status. */
async function demo(...flags: readonly string[]) {
  const { exitCode, stdout, stderr } = await execa('node', ['demo/main.ts', ...flags], {
    // Jest asks its children for colours; the demo is to decide for itself.
    env: { FORCE_COLOR: undefined, NO_COLOR: undefined },
    reject: false,
    timeout: 60_000,
  });
  const cassette = /^ {2}cassette {2}(\S+)/m.exec(stdout)?.[1] ?? '';
  return { exitCode, stdout, stderr, cassette };
}

describe('npm run demo', () => {
  test('records real clients, replays them with the server gone, and leaves nothing behind', async () => {
    const { exitCode, stdout, stderr, cassette } = await demo();
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
    const { exitCode, stdout } = await demo('--tamper');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /^ {2}curl, http, JSON.*: at byte \d+: recorded .*world.*replayed .*wOrld/m,
    );
    expect(stdout).toMatch(/^ {2}NO {3}every client got the very bytes again$/m);
  }, 60_000);
});
