import { expect, test } from '@jest/globals';
import { applyRules } from '../../src/capture/apply.ts';
import { checkRules } from '../../src/capture/check.ts';
import { examples, usual } from './examples.ts';
import { failing, fakeMachine, words } from './machine.ts';

test.each(Object.entries(examples))(
  'rules of %s that stand are found in order',
  async (_, rules) => {
    const machine = fakeMachine();
    await applyRules(rules, machine);
    const before = machine.save('iptables-nft');
    expect(await checkRules(rules, machine)).toEqual([]);
    expect(machine.save('iptables-nft')).toBe(before);
  },
);

test('where none stand, one line says so', async () => {
  expect(await checkRules(usual, fakeMachine())).toEqual(['no rules of magneto stand here']);
});

test.each([
  [
    '-D MAGNETO_OUTPUT -d 127.0.0.0/8 -m comment --comment "magneto: loopback" -j RETURN',
    /^v4 nat: missing: .*loopback/,
  ],
  ['-A MAGNETO_OUTPUT -j RETURN', /^v4 nat: unknown: -A MAGNETO_OUTPUT -j RETURN$/],
  [
    '-I OUTPUT 1 -p tcp -j ACCEPT',
    /^v4 nat: the first rule of OUTPUT does not lead into MAGNETO_OUTPUT$/,
  ],
])('%s is a difference', async (line, said) => {
  const machine = fakeMachine();
  await applyRules(usual, machine);
  await machine.run('iptables-nft-restore', ['--noflush'], `*nat\n${line}\nCOMMIT\n`);
  const differences = await checkRules(usual, machine);
  expect(differences).toHaveLength(1);
  expect(differences[0]).toMatch(said);
});

test('a rule that stands in another place, or twice, is a difference', async () => {
  const loopback = '-d 127.0.0.0/8 -m comment --comment "magneto: loopback" -j RETURN';
  const machine = fakeMachine();
  await applyRules(usual, machine);
  const moved = `*nat\n-D MAGNETO_OUTPUT ${loopback}\n-A MAGNETO_OUTPUT ${loopback}\nCOMMIT\n`;
  await machine.run('iptables-nft-restore', ['--noflush'], moved);
  expect(await checkRules(usual, machine)).toEqual([
    expect.stringMatching(/^v4 nat: not in its place: /),
  ]);
  await applyRules(usual, machine);
  const twice = `*nat\n-A MAGNETO_OUTPUT ${loopback}\nCOMMIT\n`;
  await machine.run('iptables-nft-restore', ['--noflush'], twice);
  expect(await checkRules(usual, machine)).toEqual([
    expect.stringMatching(/^v4 nat: not in its place: .*loopback/),
  ]);
});

test('rules in both kinds are a difference', async () => {
  const machine = fakeMachine();
  await applyRules(usual, machine);
  const other = '*nat\n:MAGNETO_OUTPUT - [0:0]\nCOMMIT\n';
  await machine.run('iptables-legacy-restore', ['--noflush'], other);
  expect(await checkRules(usual, machine)).toEqual([
    'rules of magneto stand in both iptables-nft and -legacy',
  ]);
});

test('what this kernel could not do is not missed', async () => {
  const noV6 = fakeMachine(failing(/^ip6tables-.*-restore/, words.noNat), false);
  await applyRules(usual, noV6);
  expect(await checkRules(usual, noV6)).toEqual([]);
  const noCount = fakeMachine((_, input) =>
    input.includes('conntrack') ? { ok: false, stderr: 'no' } : undefined,
  );
  await applyRules(usual, noCount);
  expect(await checkRules(usual, noCount)).toEqual([]);
  const noNat = fakeMachine((line, input) =>
    line.startsWith('ip6') && input.startsWith('*nat') ? { ok: false, stderr: 'no' } : undefined,
  );
  await applyRules(usual, noNat);
  expect(await checkRules(usual, noNat)).toEqual([]);
});
