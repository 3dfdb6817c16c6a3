import { expect, test } from '@jest/globals';
import { standingRules } from '../../src/capture/standing.ts';
import { failing, fakeMachine, words } from './machine.ts';

test('rules of ours are found in either family, with the kind that holds them', async () => {
  const { run, commands } = fakeMachine((line) =>
    line === 'ip6tables-legacy-save' ? { stdout: '*nat\n:MAGNETO_OUTPUT - [0:0]\n' } : undefined,
  );
  const standing = await standingRules(run);
  expect(standing).toMatchObject({ known: true, families: ['v6'], backend: 'legacy' });
  expect(standing.text).toContain('# ip6tables-legacy-save\n*nat\n:MAGNETO_OUTPUT');
  expect(commands.every((line) => line.endsWith('-save'))).toBe(true);
});

test('who may not look knows nothing', async () => {
  const { run } = fakeMachine(failing(/save/, words.forbidden));
  expect(await standingRules(run)).toEqual({ known: false, families: [], text: '' });
});

test('root without the capability knows nothing, though the older kind shows it nothing without a word', async () => {
  const { run } = fakeMachine(failing(/nft-save|iptables-save/, words.forbidden));
  expect(await standingRules(run)).toMatchObject({ known: false, families: [] });
});
