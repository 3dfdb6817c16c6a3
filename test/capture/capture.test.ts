import { expect, test } from '@jest/globals';
import { execa } from 'execa';

test('entering the room loads neither of the libraries that it may need', async () => {
  const probe = `
    const { registerHooks } = await import('node:module');
    registerHooks({ resolve(name, context, next) { console.log(name); return next(name, context); } });
    await import('./src/capture/capture.ts');`;
  const { stdout } = await execa('node', ['--input-type=module', '--eval', probe]);
  expect(stdout).toContain('rules.ts');
  expect(stdout.split('\n').filter((name) => /koffi|execa/.test(name))).toEqual([]);
});
