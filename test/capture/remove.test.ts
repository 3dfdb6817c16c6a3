import { expect, test } from '@jest/globals';
import { applyRules } from '../../src/capture/apply.ts';
import { removeRules } from '../../src/capture/remove.ts';
import { usual } from './examples.ts';
import type { Behaviour } from './machine.ts';
import { failing, fakeMachine, words } from './machine.ts';

const nft: Behaviour = (line) => (line.startsWith('nft ') ? { ok: true } : undefined);

test('removing takes out all of ours, and no rule of anybody else', async () => {
  const machine = fakeMachine();
  const foreign =
    '*nat\n:DOCKER_OUTPUT - [0:0]\n-I OUTPUT 1 -d 127.0.0.11/32 -j DOCKER_OUTPUT\nCOMMIT\n';
  await machine.run('iptables-legacy-restore', ['--noflush'], foreign);
  const before = machine.save('iptables-legacy').split('\n').toSorted();
  expect(await applyRules({ ...usual, gateway: true }, machine)).toMatchObject({
    backend: 'legacy',
  });
  await removeRules(machine.run);
  const after = machine.save('iptables-legacy');
  expect(after).not.toContain('MAGNETO');
  expect(after.split('\n')).toEqual(expect.arrayContaining(before));
});

test('a jump into our chain that somebody else made goes as well, for the chain could not', async () => {
  const machine = fakeMachine();
  await applyRules(usual, machine);
  const copy = '*nat\n-I OUTPUT 1 -p tcp -j MAGNETO_OUTPUT\nCOMMIT\n';
  await machine.run('iptables-nft-restore', ['--noflush'], copy);
  await removeRules(machine.run);
  expect(machine.save('iptables-nft')).not.toContain('MAGNETO');
});

test('tables that we made go with our rules where nft is there, and are named where not', async () => {
  const machine = fakeMachine(nft);
  await applyRules(usual, machine);
  expect(await removeRules(machine.run)).toEqual([]);
  expect(machine.commands.filter((line) => line.startsWith('nft delete'))).toEqual([
    'nft delete table ip filter',
    'nft delete table ip nat',
    'nft delete table ip6 filter',
    'nft delete table ip6 nat',
  ]);
  const bare = fakeMachine();
  await applyRules(usual, bare);
  expect(await removeRules(bare.run)).toEqual([
    'filter of iptables-nft',
    'nat of iptables-nft',
    'filter of ip6tables-nft',
    'nat of ip6tables-nft',
  ]);
});

test('a table that was there before us stays, and one that somebody came to use since', async () => {
  const machine = fakeMachine(nft);
  await machine.run('iptables-nft-restore', ['--noflush'], '*nat\n:X - [0:0]\n-X X\nCOMMIT\n');
  await applyRules(usual, machine);
  const used = '*filter\n-A INPUT -p icmp -j ACCEPT\nCOMMIT\n';
  await machine.run('iptables-nft-restore', ['--noflush'], used);
  await removeRules(machine.run);
  const deleted = machine.commands.filter((line) => line.startsWith('nft delete'));
  expect(deleted).toEqual(['nft delete table ip6 filter', 'nft delete table ip6 nat']);
});

test('removing is content where there is nothing', async () => {
  expect(await removeRules(fakeMachine(failing(/tables/, 'missing')).run)).toEqual([]);
  const machine = fakeMachine();
  await removeRules(machine.run);
  expect(machine.commands.filter((line) => !line.endsWith('-save'))).toEqual([]);
});

test.each([[/-save/], [/-restore/]])('removing fails where it may not: %s', async (pattern) => {
  let forbidden = false;
  const machine = fakeMachine((line) =>
    forbidden && pattern.test(line) ? { ok: false, stderr: words.forbidden } : undefined,
  );
  await applyRules(usual, machine);
  forbidden = true;
  await expect(removeRules(machine.run)).rejects.toMatchObject({ code: 'NET_ADMIN_MISSING' });
});
