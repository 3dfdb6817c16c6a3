import { describe, expect, test } from '@jest/globals';
import type { Backend } from '../../src/capture/backend.ts';
import { chooseBackend, commandOf, holdsChain, refused } from '../../src/capture/backend.ts';
import type { Behaviour } from './machine.ts';
import { failing, fakeMachine, words } from './machine.ts';

const holding =
  (command: string, chain: string): Behaviour =>
  (line) =>
    line === command ? { stdout: `*nat\n:OUTPUT ACCEPT [0:0]\n:${chain} - [0:0]\n` } : undefined;

test.each<[{ backend: Backend; family: 'v4' | 'v6' }, '' | '-save', string]>([
  [{ backend: 'nft', family: 'v4' }, '', 'iptables-nft'],
  [{ backend: 'legacy', family: 'v6' }, '-save', 'ip6tables-legacy-save'],
  [{ backend: 'plain', family: 'v6' }, '', 'ip6tables'],
])('%j%s is spelt %s', (which, what, name) => {
  expect(commandOf(which, what)).toBe(name);
});

test('a chain is told from one whose name begins alike', () => {
  expect(holdsChain(':MAGNETO_OUTPUT - [0:0]', 'MAGNETO_OUTPUT')).toBe(true);
  expect(holdsChain(':MAGNETO_OUTPUT_X - [0:0]', 'MAGNETO_OUTPUT')).toBe(false);
});

describe('the backend', () => {
  test.each<[string, Behaviour, Backend]>([
    ['is the first that works', () => undefined, 'nft'],
    ['is the one of Docker', holding('iptables-legacy-save', 'DOCKER_OUTPUT'), 'legacy'],
    ['stays the one of our rules', holding('iptables-legacy-save', 'MAGNETO_OUTPUT'), 'legacy'],
    ['is the next where one is not there', failing(/^iptables-nft/, 'missing'), 'legacy'],
    ['is the next where the kernel has it not', failing(/^iptables-nft /, words.noNat), 'legacy'],
    ['is the bare one at last', failing(/-(?:nft|legacy)/, 'missing'), 'plain'],
  ])('%s', async (_, behaviour, backend) => {
    expect(await chooseBackend(fakeMachine(behaviour).run)).toBe(backend);
  });

  test.each([
    [/iptables/, 'missing', 'IPTABLES_MISSING'],
    [/iptables/, words.forbidden, 'NET_ADMIN_MISSING'],
    [/iptables/, words.noNat, 'NAT_UNAVAILABLE'],
    [/-X MAGNETO_PROBE/, '', 'NAT_UNAVAILABLE'],
  ])('is none where %s fails: %s', async (pattern, stderr, code) => {
    const choice = chooseBackend(fakeMachine(failing(pattern, stderr)).run);
    await expect(choice).rejects.toMatchObject({ name: 'Failure', code });
  });

  test('trying it out leads nothing anywhere, and leaves nothing', async () => {
    const machine = fakeMachine();
    await chooseBackend(machine.run);
    expect(machine.commands.slice(-2)).toEqual([
      'iptables-nft -t nat -N MAGNETO_PROBE',
      'iptables-nft -t nat -X MAGNETO_PROBE',
    ]);
  });
});

test('a refusal is one line of the command’s own words', () => {
  const ran = { missing: false, ok: false, stdout: '', stderr: words.forbidden };
  const failure = refused('iptables-nft', ran);
  expect(failure.message).toBe(
    'iptables-nft: Could not fetch rule set generation id: Permission denied (you must be root)',
  );
  const silent = refused('iptables-nft', { ...ran, stderr: '' });
  expect(silent.message).toBe('iptables-nft: it failed without a word');
});
