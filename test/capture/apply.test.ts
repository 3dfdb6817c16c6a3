import { describe, expect, test } from '@jest/globals';
import { applyRules, refuseOwnPorts, removeRules } from '../../src/capture/apply.ts';
import type { Rules } from '../../src/capture/rules.ts';
import { failing, fakeMachine, words } from './machine.ts';

const rules: Rules = { uid: 1000, gid: 48_889, proxyPort: 8888, dnsPort: 8853, ports: [80, 443] };

describe('applying', () => {
  test('fills our chain of both families, then leads OUTPUT into it, first of all', async () => {
    const machine = fakeMachine();
    expect(await applyRules(rules, machine)).toEqual({
      backend: 'nft',
      ipv6: 'captured',
      warnings: [],
    });
    const written = machine.commands.filter((line) => / --noflush| -I /.test(line));
    const jump = '-m comment --comment magneto -j MAGNETO_OUTPUT';
    expect(written).toEqual([
      'iptables-nft-restore --noflush',
      `iptables-nft -t nat -I OUTPUT 1 ${jump}`,
      'ip6tables-nft-restore --noflush',
      `ip6tables-nft -t nat -I OUTPUT 1 ${jump}`,
    ]);
    expect(machine.commands.filter((line) => / -F\b| -P\b/.test(line))).toEqual([]);
  });

  test('leaves a jump that is there', async () => {
    const machine = fakeMachine((line) => (line.includes(' -C ') ? { ok: true } : undefined));
    await applyRules(rules, machine);
    expect(machine.commands.filter((line) => line.includes(' -I '))).toEqual([]);
  });

  test('takes turns with others where the backend is the older one', async () => {
    const machine = fakeMachine(failing(/tables-nft/, 'missing'));
    await applyRules(rules, machine);
    const waiting = machine.commands.filter((line) => line.includes('-legacy --wait 20 -t nat'));
    expect(waiting.length).toBeGreaterThan(0);
    expect(machine.commands).toContain('iptables-legacy-restore --noflush --wait 20');
  });

  test.each([
    [/^iptables.*-restore/, words.noNat, 'NAT_UNAVAILABLE'],
    [/^iptables.* -I /, words.noNat, 'NAT_UNAVAILABLE'],
    [/^iptables/, words.forbidden, 'NET_ADMIN_MISSING'],
    [/tables/, 'missing', 'IPTABLES_MISSING'],
    [/^ip6tables/, words.noNat, 'IP6TABLES_UNAVAILABLE'],
  ])('fails where %s does: %s', async (pattern, stderr, code) => {
    const applying = applyRules(rules, fakeMachine(failing(pattern, stderr)));
    await expect(applying).rejects.toMatchObject({ name: 'Failure', code });
  });

  test('refuses IPv6, and says so, where it cannot be redirected', async () => {
    const machine = fakeMachine((line) =>
      line.startsWith('ip6tables') && line.includes('-t nat')
        ? { ok: false, stderr: words.noNat }
        : undefined,
    );
    const { ipv6, warnings } = await applyRules(rules, machine);
    expect(ipv6).toBe('refused');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^IP6TABLES_UNAVAILABLE: IPv6 is refused [^\n]+disable_ipv6/);
    expect(machine.commands.at(-1)).toMatch(
      /^ip6tables-nft -t filter -I OUTPUT 1 .*MAGNETO_BLOCK$/,
    );
  });

  test('says nothing of an IPv6 that leads nowhere', async () => {
    const machine = fakeMachine(failing(/^ip6tables/, 'missing'), false);
    expect(await applyRules(rules, machine)).toMatchObject({ ipv6: 'absent', warnings: [] });
  });
});

describe('removing', () => {
  test('takes out the jump, then the chain, and nothing else', async () => {
    let jumps = 2;
    const machine = fakeMachine((line) => {
      if (line === 'iptables-nft-save') return { stdout: ':MAGNETO_OUTPUT - [0:0]\n' };
      if (line.includes(' -C ')) return { ok: jumps > 0 };
      if (line.includes(' -D ')) jumps -= 1;
      return undefined;
    });
    await removeRules(machine);
    const changes = machine.commands.filter((line) => / -[DFXI] /.test(line));
    const jump = 'iptables-nft -t nat -D OUTPUT -m comment --comment magneto -j MAGNETO_OUTPUT';
    expect(changes).toEqual([
      jump,
      jump,
      'iptables-nft -t nat -F MAGNETO_OUTPUT',
      'iptables-nft -t nat -X MAGNETO_OUTPUT',
    ]);
  });

  test('is content where there is nothing', async () => {
    await expect(removeRules(fakeMachine(failing(/tables/, 'missing')))).resolves.toBeUndefined();
  });

  test.each([[/-save/], [/ -F /]])('fails where it may not: %s', async (pattern) => {
    const machine = fakeMachine((line) => {
      if (pattern.test(line)) return { ok: false, stderr: words.forbidden };
      return line.endsWith('-save') ? { stdout: ':MAGNETO_OUTPUT - [0:0]\n' } : undefined;
    });
    await expect(removeRules(machine)).rejects.toMatchObject({ code: 'NET_ADMIN_MISSING' });
  });
});

test.each([[8888], [8853]])('port %d is our own, and not captured', async (port) => {
  const asked = { ...rules, ports: [80, port] };
  expect(() => refuseOwnPorts(asked)).toThrow(`port ${port} `);
  const machine = fakeMachine();
  await expect(applyRules(asked, machine)).rejects.toMatchObject({ code: 'CAPTURED_PORT_IS_OWN' });
  expect(machine.commands).toEqual([]);
});
