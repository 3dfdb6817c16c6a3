import { expect, test } from '@jest/globals';
import { runCommand } from '../../src/capture/command.ts';

test('a command is run with its arguments and its input, in English', async () => {
  const ran = await runCommand('sh', ['-c', 'cat; echo "$1 $LC_ALL"', 'sh', 'there'], 'hello ');
  expect(ran).toEqual({
    missing: false,
    ok: true,
    status: 0,
    stdout: 'hello there C',
    stderr: '',
  });
});

test('a command that fails says how', async () => {
  const ran = await runCommand('sh', ['-c', 'echo no >&2; exit 4']);
  expect(ran).toEqual({ missing: false, ok: false, status: 4, stdout: '', stderr: 'no' });
});

test('a command that is not there is missing', async () => {
  const ran = await runCommand('magneto-has-no-such-command', []);
  expect(ran).toMatchObject({ missing: true, ok: false });
});
