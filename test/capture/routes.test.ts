import { describe, expect, test } from '@jest/globals';
import { makeRoutes, removeRoutes, wayOut, withTestRoutes } from '../../src/capture/routes.ts';
import { selfTestAddress } from '../../src/capture/self-test.ts';
import type { Behaviour } from './machine.ts';
import { failing, fakeMachine } from './machine.ts';

/** A machine whose `ip` gives these ways out, and does whatever else it is told. */
const leads =
  (stdout: string | undefined, more: Behaviour = () => undefined): Behaviour =>
  (line, input) => {
    const other = more(line, input);
    if (other !== undefined || !line.startsWith('ip ')) return other;
    if (!line.includes(' route get ')) return {};
    return stdout === undefined ? { ok: false, stderr: 'Network is unreachable' } : { stdout };
  };
const nowhere = leads(undefined);
const found = (stdout: string): Behaviour => leads(stdout);

describe('the way out', () => {
  test.each([
    ['192.0.2.2 via 10.0.0.1 dev eth0 src 10.0.0.2', 'outside'],
    ['192.0.2.2 dev lo src 192.0.0.8', 'loopback'],
    ['unreachable 2001:db8::2 dev lo metric 1', 'nowhere'],
  ])('is read off %j: %s', async (text, way) => {
    expect(await wayOut('192.0.2.2', fakeMachine(found(text)).run)).toBe(way);
  });

  test('is not known without the command, and none where the kernel says so', async () => {
    expect(await wayOut('::1', fakeMachine(failing(/^ip /, 'missing')).run)).toBe('unknown');
    expect(await wayOut('::1', fakeMachine(nowhere).run)).toBe('nowhere');
  });
});

describe('a last resort', () => {
  test('is not made where there is a route', async () => {
    const { run, commands } = fakeMachine(found('192.0.2.2 via 10.0.0.1 dev eth0'));
    expect(await makeRoutes(['v4', 'v6'], { backend: 'nft', run })).toEqual({
      v4: 'there',
      v6: 'there',
    });
    expect(commands.filter((line) => !line.includes('route get'))).toEqual([]);
  });

  test('is made with an address where there is none, after what it lets through is refused', async () => {
    const { run, commands } = fakeMachine(nowhere);
    expect(await makeRoutes(['v4'], { backend: 'nft', run })).toEqual({ v4: 'made' });
    expect(commands).toEqual([
      `ip -4 route get ${selfTestAddress('v4')}`,
      `ip -6 route get ${selfTestAddress('v6')}`,
      'iptables-nft-save',
      'iptables-nft-restore --noflush',
      'ip -4 -o address show scope global',
      'ip -4 address add 192.0.0.8/32 dev lo',
      'ip -4 route add default dev lo metric 4294967295',
    ]);
  });

  test('is not made in one family where the other leads outside: it would be tried in vain', async () => {
    const { run, commands } = fakeMachine(
      leads(undefined, (line) =>
        line.startsWith('ip -4 route get')
          ? { stdout: '192.0.2.2 via 10.0.0.1 dev eth0' }
          : undefined,
      ),
    );
    expect(await makeRoutes(['v4', 'v6'], { backend: 'nft', run })).toEqual({
      v4: 'there',
      v6: 'absent',
    });
    expect(commands.filter((line) => !line.includes('route get'))).toEqual([]);
  });

  test('uses the address that there is', async () => {
    const { run, commands } = fakeMachine(
      leads(undefined, (line) =>
        line.includes('scope global') ? { stdout: '2: eth0 inet 172.18.0.2/16' } : undefined,
      ),
    );
    await makeRoutes(['v4'], { backend: 'legacy', run });
    expect(commands.join('\n')).not.toContain('address add');
    expect(commands).toContain('iptables-legacy-restore --noflush --wait 20');
  });

  test('is not made where what it lets through cannot be refused: nothing may hang', async () => {
    const { run, commands } = fakeMachine(
      leads(undefined, (line) => (line.startsWith('ip6tables') ? { ok: false } : undefined)),
    );
    expect(await makeRoutes(['v6'], { backend: 'nft', run })).toEqual({ v6: 'absent' });
    expect(commands.join('\n')).not.toContain('route add');
  });

  test('is made once: what stands already is left', async () => {
    const { run, commands } = fakeMachine(found('192.0.2.2 dev lo src 192.0.0.8'));
    expect(await makeRoutes(['v4'], { backend: 'nft', run })).toEqual({ v4: 'made' });
    expect(commands.join('\n')).not.toContain('route add');
  });

  test('is removed whole, and no route, address or rule of anybody else', async () => {
    const machine = fakeMachine(nowhere);
    const before = machine.save('iptables-nft');
    await makeRoutes(['v4', 'v6'], { backend: 'nft', run: machine.run });
    expect(machine.save('iptables-nft')).toContain(
      '-A OUTPUT -o lo -m comment --comment magneto -j MAGNETO_OFFLINE',
    );
    const from = machine.commands.length;
    await removeRoutes(machine.run);
    expect(machine.commands.slice(from).filter((line) => line.startsWith('ip '))).toEqual([
      'ip -4 route del default dev lo metric 4294967295',
      'ip -4 address del 192.0.0.8/32 dev lo',
      'ip -6 route del default dev lo metric 4294967295',
      'ip -6 address del 100:0:0:1::8/128 dev lo',
    ]);
    expect(machine.save('iptables-nft')).not.toContain('MAGNETO');
    expect(before).toBe('');
  });

  test('stands once, however often it is made', async () => {
    const machine = fakeMachine(nowhere);
    await makeRoutes(['v4'], { backend: 'nft', run: machine.run });
    const once = machine.save('iptables-nft');
    await makeRoutes(['v4'], { backend: 'nft', run: machine.run });
    expect(machine.save('iptables-nft')).toBe(once);
  });
});

describe('routes for a test', () => {
  test('are made where there is none, and gone afterwards, however it ends', async () => {
    const { run, commands } = fakeMachine(nowhere);
    const body = (): Promise<never> => Promise.reject(new Error('the test fails'));
    await expect(withTestRoutes(['192.0.2.2', '2001:db8::2'], body, run)).rejects.toThrow(
      'the test',
    );
    expect(commands.filter((line) => !line.includes(' get '))).toEqual([
      'ip -4 route add 192.0.2.2/32 dev lo src 127.0.0.1',
      'ip -6 route add 2001:db8::2/128 dev lo',
      'ip -4 route del 192.0.2.2/32 dev lo src 127.0.0.1',
      'ip -6 route del 2001:db8::2/128 dev lo',
    ]);
  });

  test('are not made where connections leave anyhow', async () => {
    const { run, commands } = fakeMachine(found('192.0.2.2 via 10.0.0.1 dev eth0'));
    expect(await withTestRoutes(['192.0.2.2'], () => Promise.resolve(7), run)).toBe(7);
    expect(commands).toEqual(['ip -4 route get 192.0.2.2']);
  });
});
