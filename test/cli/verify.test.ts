import { expect, test } from '@jest/globals';
import { verify } from '../../src/cli/verify.ts';
import { keeper } from './edge.ts';

// What it does in a network namespace is in test/netns/self-test.test.ts: it needs rules, and root.

function refused(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  return verify({ env, words, streams: { stdout: keeper(), stderr: keeper() } });
}

test.each([['now'], ['--wiat'], ['--uid']])('rules verify %s is not known', async (...words) => {
  await expect(refused(words)).rejects.toMatchObject({ code: 'COMMAND_UNKNOWN' });
});

test('settings that are wrong are said to be', async () => {
  await expect(refused([], { MAGNETO_PORT: 'x' })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
});
