import { describe, expect, test } from '@jest/globals';
import { applyRules, refuseOwnPorts, thisMachine } from '../../src/capture/apply.ts';
import { removeRules } from '../../src/capture/remove.ts';
import { usual } from './examples.ts';
import { failing, fakeMachine, words } from './machine.ts';

/** What both families of a kind hold. */
const held = (machine: ReturnType<typeof fakeMachine>, kind: string): string =>
  machine.save(`iptables-${kind}`) + machine.save(`ip6tables-${kind}`);

describe('applying', () => {
  test('leads OUTPUT of both families into our chains, first of all, in one step a table', async () => {
    const machine = fakeMachine();
    expect(await applyRules(usual, machine)).toEqual({
      backend: 'nft',
      ipv6: 'captured',
      warnings: [],
    });
    for (const command of ['iptables-nft', 'ip6tables-nft']) {
      const saved = machine.save(command);
      expect(saved).toContain('-A OUTPUT -m comment --comment magneto -j MAGNETO_OUTPUT');
      expect(saved).toContain('-A OUTPUT -m comment --comment magneto -j MAGNETO_FILTER');
    }
    // One probe, and four tables.
    expect(machine.commands.filter((line) => line.includes('--noflush'))).toHaveLength(5);
  });

  test('twice leaves what once leaves, and in between is never nothing', async () => {
    const inputs: string[] = [];
    const machine = fakeMachine((line, input) => {
      if (line.includes('-restore')) inputs.push(input);
      return undefined;
    });
    await applyRules(usual, machine);
    const once = held(machine, 'nft');
    inputs.length = 0;
    await applyRules(usual, machine);
    expect(held(machine, 'nft')).toBe(once);
    // What takes a jump away puts it back in the same step.
    for (const input of inputs) {
      expect(input.match(/^-D /gm)?.length).toBe(input.match(/^-I /gm)?.length);
      expect(input.match(/^COMMIT$/gm)).toHaveLength(1);
    }
  });

  test('with other settings leaves nothing of the former', async () => {
    const machine = fakeMachine();
    await applyRules({ ...usual, gateway: true, ports: 'all', sealed: true }, machine);
    expect(held(machine, 'nft')).toMatch(/MAGNETO_PREROUTING[^]*MAGNETO_FORWARD/);
    await applyRules(usual, machine);
    const fresh = fakeMachine();
    await applyRules(usual, fresh);
    expect(held(machine, 'nft').split('\n').toSorted()).toEqual(
      held(fresh, 'nft').split('\n').toSorted(),
    );
  });

  test('takes turns with others where the backend is the older one', async () => {
    const machine = fakeMachine(failing(/tables-nft/, 'missing'));
    expect(await applyRules(usual, machine)).toMatchObject({ backend: 'legacy' });
    const restores = machine.commands.filter((line) => line.includes('-restore'));
    expect(restores.filter((line) => !/nft/.test(line) && !line.includes('--wait 20'))).toEqual([]);
  });

  test('with another backend takes away what stood in the first', async () => {
    const machine = fakeMachine();
    await applyRules({ ...usual, backend: 'legacy' }, machine);
    expect(await applyRules({ ...usual, backend: 'nft' }, machine)).toMatchObject({
      backend: 'nft',
    });
    expect(held(machine, 'legacy')).not.toContain('MAGNETO');
    expect(held(machine, 'nft')).toContain('MAGNETO_OUTPUT');
  });

  test.each([
    [/^iptables.*-restore/, words.noNat, 'NAT_UNAVAILABLE'],
    [/^iptables/, words.forbidden, 'NET_ADMIN_MISSING'],
    [/tables/, 'missing', 'IPTABLES_MISSING'],
    [/^ip6tables/, words.noNat, 'IP6TABLES_UNAVAILABLE'],
  ])('fails where %s does: %s', async (pattern, stderr, code) => {
    const applying = applyRules(usual, fakeMachine(failing(pattern, stderr)));
    await expect(applying).rejects.toMatchObject({ name: 'Failure', code });
  });

  test('that fails leaves what stood before, and nothing where nothing did', async () => {
    let broken = true;
    const machine = fakeMachine((line) =>
      broken && line.startsWith('ip6tables') && line.includes('-restore')
        ? { ok: false, stderr: words.noNat }
        : undefined,
    );
    await expect(applyRules(usual, machine)).rejects.toMatchObject({
      code: 'IP6TABLES_UNAVAILABLE',
    });
    expect(held(machine, 'nft')).not.toContain('MAGNETO');
    broken = false;
    await applyRules(usual, machine);
    const before = held(machine, 'nft').split('\n').toSorted();
    broken = true;
    const other = applyRules({ ...usual, ports: 'all', gateway: true }, machine);
    await expect(other).rejects.toMatchObject({ code: 'IP6TABLES_UNAVAILABLE' });
    expect(held(machine, 'nft').split('\n').toSorted()).toEqual(before);
  });

  test('refuses IPv6, and says so, where it cannot be redirected', async () => {
    const machine = fakeMachine((line, input) =>
      line.startsWith('ip6tables') && input.startsWith('*nat')
        ? { ok: false, stderr: words.noNat }
        : undefined,
    );
    const { ipv6, warnings } = await applyRules(usual, machine);
    expect(ipv6).toBe('refused');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^IP6TABLES_UNAVAILABLE: IPv6 is refused [^\n]+disable_ipv6/);
    expect(machine.save('ip6tables-nft')).toContain('--reject-with tcp-reset');
  });

  test('says nothing of an IPv6 that leads nowhere', async () => {
    const machine = fakeMachine(failing(/^ip6tables/, 'missing'), false);
    expect(await applyRules(usual, machine)).toMatchObject({ ipv6: 'absent', warnings: [] });
  });
});

describe('a kernel that cannot', () => {
  const without = (pattern: RegExp) =>
    fakeMachine((_, input) => (pattern.test(input) ? { ok: false, stderr: 'no' } : undefined));

  test('count what gets through refuses UDP all the same, and says so', async () => {
    const machine = without(/conntrack/);
    const { warnings } = await applyRules({ ...usual, udp: 'reject' }, machine);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/^FILTER_UNAVAILABLE: what gets through is not counted/);
    expect(machine.save('iptables-nft')).toMatch(/-p udp .*REJECT/);
  });

  test('refuse at all captures, and says so', async () => {
    const machine = without(/^\*filter/);
    const { warnings } = await applyRules(usual, machine);
    expect(warnings[0]).toMatch(/^FILTER_UNAVAILABLE: UDP is neither refused nor counted/);
    expect(machine.save('iptables-nft')).toContain('MAGNETO_OUTPUT');
  });

  test('tell an answer from a question cannot seal, and nothing is left', async () => {
    const machine = without(/conntrack/);
    const sealing = applyRules({ ...usual, sealed: true }, machine);
    await expect(sealing).rejects.toMatchObject({ code: 'SEAL_UNAVAILABLE' });
    expect(held(machine, 'nft')).not.toContain('MAGNETO');
  });

  test('redirect or refuse IPv6 is told so', async () => {
    const machine = fakeMachine((line, input) =>
      line.startsWith('ip6tables') && input !== '' ? { ok: false, stderr: 'no' } : undefined,
    );
    await expect(applyRules(usual, machine)).rejects.toMatchObject({
      code: 'IP6TABLES_UNAVAILABLE',
    });
  });
});

test('a gateway that passes nothing on is told so, of each family', async () => {
  const machine = { ...fakeMachine(), setting: () => '0' };
  const { warnings } = await applyRules({ ...usual, gateway: true }, machine);
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toMatch(/^FORWARDING_OFF: net.ipv4.ip_forward is 0/);
  expect(warnings[1]).toMatch(/^FORWARDING_OFF: net.ipv6.conf.all.forwarding is 0/);
  expect((await applyRules(usual, machine)).warnings).toEqual([]);
});

test('what cannot be read of this machine is not there', () => {
  expect(thisMachine.setting('no/such/setting')).toBeUndefined();
});

test.each([[8888], [8853], [8889]])('port %d is our own, and not captured', async (port) => {
  const asked = { ...usual, ports: [80, port] };
  expect(() => refuseOwnPorts(asked)).toThrow(`port ${port} `);
  const machine = fakeMachine();
  await expect(applyRules(asked, machine)).rejects.toMatchObject({ code: 'CAPTURED_PORT_IS_OWN' });
  expect(machine.commands).toEqual([]);
  await removeRules(machine.run);
});
