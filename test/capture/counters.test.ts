import { expect, test } from '@jest/globals';
import { countRules } from '../../src/capture/counters.ts';
import { applyRules } from '../../src/capture/apply.ts';
import { examples, usual } from './examples.ts';
import { fakeMachine, words, failing } from './machine.ts';

test('the counters of both families are added up, by what the rules say of themselves', async () => {
  const machine = fakeMachine();
  await applyRules(examples['gateway-all'] ?? usual, machine);
  const counted = fakeMachine((line) => {
    const [command = ''] = line.split(' ');
    if (!command.includes('nft-save')) return undefined;
    expect(line).toMatch(/ -c$/);
    const saved = machine.save(command.replace('-save', ''));
    return { stdout: saved.replaceAll(/^-A/gm, '[3:180] -A') };
  });
  expect(await countRules(counted.run)).toEqual({
    tcpBypassed: 6,
    udpPassed: 6,
    // In the chains of processes here and of the gateway's clients, and what is neither UDP nor TCP.
    udpRejected: 18,
    quicRejected: 12,
    otherPassed: 6,
    // Docker's resolver, names over UDP and TCP, the rest; IPv6 has no resolver of Docker's.
    sealed: 21,
    // Of processes here, of clients elsewhere, and of those that were told our own address.
    captured: 18,
  });
});

test.each([
  [0, 0, 0],
  [0, 7, 1],
  [4, 7, 4],
])('%s flows and %s packets of older ones are told as %s', async (flows, packets, told) => {
  const lines = [
    '*filter\n:MAGNETO_COUNT - [0:0]',
    `[${flows}:9] -A MAGNETO_COUNT -p tcp -m comment --comment "magneto: TCP let through" -j RETURN`,
    `[${packets}:9] -A MAGNETO_COUNT -p tcp -m comment --comment "magneto: TCP of a flow let through" -j RETURN`,
    '',
  ];
  const { run } = fakeMachine((line) =>
    line === 'iptables-nft-save -c' ? { stdout: lines.join('\n') } : undefined,
  );
  expect(await countRules(run)).toMatchObject({ tcpBypassed: told, udpPassed: 0 });
});

test('a rule of somebody else with our words is not counted', async () => {
  const { run } = fakeMachine((line) =>
    line === 'iptables-nft-save -c'
      ? {
          stdout:
            '*filter\n:MAGNETO_COUNT - [0:0]\n[5:9] -A OUTPUT -m comment --comment "magneto: sealed" -j DROP\n',
        }
      : undefined,
  );
  expect(await countRules(run)).toMatchObject({ sealed: 0 });
});

test('without rules, or without rules that count, nothing is known', async () => {
  expect(await countRules(fakeMachine().run)).toBeUndefined();
  const { run } = fakeMachine(failing(/-save/, words.forbidden));
  await expect(countRules(run)).rejects.toMatchObject({ code: 'NET_ADMIN_MISSING' });
});
