import { describe, expect, test } from '@jest/globals';
import type { Backend } from '../../src/capture/backend.ts';
import {
  chooseBackend,
  commandOf,
  holdsOurs,
  refused,
  restore,
  survey,
} from '../../src/capture/backend.ts';
import type { Behaviour } from './machine.ts';
import { failing, fakeMachine, words } from './machine.ts';

const holding =
  (command: string, chain: string): Behaviour =>
  (line) =>
    line === command ? { stdout: `*nat\n:OUTPUT ACCEPT [0:0]\n:${chain} - [0:0]\n` } : undefined;

/** The table that a Docker daemon makes that writes nftables itself. */
const dockersOwn: Behaviour = (line) =>
  line === 'nft list ruleset' ? { stdout: 'table ip docker-dns {\n}\n' } : undefined;

async function choose(behaviour: Behaviour, asked: Backend | 'auto' = 'auto'): Promise<Backend> {
  const { run } = fakeMachine(behaviour);
  return chooseBackend(run, { found: await survey(run), asked });
}

test.each<[{ backend: Backend; family: 'v4' | 'v6' }, '-save' | '-restore', string]>([
  [{ backend: 'nft', family: 'v4' }, '-restore', 'iptables-nft-restore'],
  [{ backend: 'legacy', family: 'v6' }, '-save', 'ip6tables-legacy-save'],
  [{ backend: 'plain', family: 'v6' }, '-save', 'ip6tables-save'],
])('%j%s is spelt %s', (which, what, name) => {
  expect(commandOf(which, what)).toBe(name);
});

describe('the backend', () => {
  test.each<[string, Behaviour, Backend]>([
    ['is the first that works', () => undefined, 'nft'],
    ['is the one of Docker', holding('iptables-legacy-save', 'DOCKER_OUTPUT'), 'legacy'],
    ['stays the one of our rules', holding('iptables-legacy-save', 'MAGNETO_OUTPUT'), 'legacy'],
    ['stays that of IPv6 alone', holding('ip6tables-legacy-save', 'MAGNETO_FILTER'), 'legacy'],
    ['is the next where one is not there', failing(/^iptables-nft/, 'missing'), 'legacy'],
    ['is the next where the kernel has it not', failing(/^iptables-nft-r/, words.noNat), 'legacy'],
    ['is the bare one at last', failing(/-(?:nft|legacy)/, 'missing'), 'plain'],
    ['is nft where Docker writes nftables itself', dockersOwn, 'nft'],
  ])('%s', async (_, behaviour, backend) => {
    expect(await choose(behaviour)).toBe(backend);
  });

  test('is nft by the tables of Docker, though no rule of the other kind is refused', async () => {
    const { run, commands } = fakeMachine(dockersOwn);
    await chooseBackend(run, { found: await survey(run), asked: 'auto' });
    // It was not tried out: it is the one, whatever works.
    expect(commands.filter((line) => line.includes('-restore'))).toEqual([]);
  });

  test.each<[Backend]>([['nft'], ['legacy'], ['plain']])('is %s where asked for', async (asked) => {
    expect(await choose(holding('iptables-legacy-save', 'DOCKER_OUTPUT'), asked)).toBe(asked);
  });

  test('that was asked for is not replaced', async () => {
    const choice = choose(failing(/^iptables-legacy/, 'missing'), 'legacy');
    await expect(choice).rejects.toMatchObject({ code: 'IPTABLES_MISSING' });
  });

  test.each([
    [/iptables/, 'missing', 'IPTABLES_MISSING'],
    [/iptables/, words.forbidden, 'NET_ADMIN_MISSING'],
    [/iptables/, words.noNat, 'NAT_UNAVAILABLE'],
    [/-restore/, words.forbidden, 'NET_ADMIN_MISSING'],
  ])('is none where %s fails: %s', async (pattern, stderr, code) => {
    const choice = choose(failing(pattern, stderr));
    await expect(choice).rejects.toMatchObject({ name: 'Failure', code });
  });

  test('is tried out with a rule that no packet meets, and that is gone afterwards', async () => {
    const machine = fakeMachine();
    await chooseBackend(machine.run, { found: await survey(machine.run), asked: 'auto' });
    expect(machine.save('iptables-nft')).not.toContain('MAGNETO');
    const stuck = fakeMachine((_, input) =>
      input.includes('-p 255') ? { ok: false, stderr: words.noNat } : undefined,
    );
    const choice = chooseBackend(stuck.run, { found: new Map(), asked: 'auto' });
    await expect(choice).rejects.toMatchObject({ code: 'NAT_UNAVAILABLE' });
  });
});

test.each([
  ['00000000000010c0', 'NET_RAW_MISSING'],
  ['00000000000030c0', 'NET_ADMIN_MISSING'],
  ['00000000000000c0', 'NET_ADMIN_MISSING'],
  ['none that is told', 'NET_ADMIN_MISSING'],
])('a refusal of the older kind under capabilities %s is %s', async (held, code) => {
  const status: Behaviour = (line) =>
    line === 'cat /proc/self/status' ? { stdout: `Name:\tcat\nCapEff:\t${held}\n` } : undefined;
  const older: Behaviour = (line, input) =>
    failing(/^iptables-nft/, 'missing')(line, input) ??
    failing(/legacy-(?:save|restore)/, words.forbidden)(line, input) ??
    failing(/^ip6?tables-(?:save|restore)/, 'missing')(line, input) ??
    status(line, input);
  await expect(survey(fakeMachine(older).run)).rejects.toMatchObject({ code });
  const tried = chooseBackend(fakeMachine(older).run, { found: new Map(), asked: 'legacy' });
  await expect(tried).rejects.toMatchObject({ code });
});

test('tables of the older kind that stand and cannot be read are not written beside', async () => {
  const { run } = fakeMachine((line) =>
    line === 'cat /proc/self/status'
      ? { stdout: 'CapEff:\t00000000000010c0\n' }
      : failing(/legacy-save/, words.forbidden)(line, ''),
  );
  await expect(survey(run)).rejects.toMatchObject({ code: 'NET_RAW_MISSING' });
});

test('a kind that may not be read does not hide one that may', async () => {
  const found = await survey(fakeMachine(failing(/legacy-save/, words.forbidden)).run);
  expect([...found.keys()]).toEqual(['nft']);
});

test('what a survey finds may be ours or not', async () => {
  const { run } = fakeMachine(holding('ip6tables-nft-save', 'MAGNETO_FILTER'));
  const found = await survey(run);
  expect([...found.keys()]).toEqual(['nft', 'legacy']);
  expect(holdsOurs(found.get('nft'))).toBe(true);
  expect(holdsOurs(found.get('legacy'))).toBe(false);
  expect(holdsOurs(undefined)).toBe(false);
});

test('a bug in a command is none of its refusals', async () => {
  const run = () => Promise.reject(new TypeError('a bug'));
  await expect(chooseBackend(run, { found: new Map(), asked: 'nft' })).rejects.toThrow('a bug');
  await expect(restore(run, { backend: 'nft', family: 'v4' }, '')).rejects.toThrow('a bug');
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
