import { describe, expect, test } from '@jest/globals';
import { routeThrough } from '../../src/capture/route.ts';
import { failing, fakeMachine } from './machine.ts';

const flushed = ['ip -4 route flush exact default', 'ip -6 route flush exact default'];

describe('the way out', () => {
  test('leads through the gateway, and no other is left', async () => {
    const machine = fakeMachine();
    const routed = await routeThrough(['172.30.0.2', 'fd00::2', '172.30.0.3'], machine.run);
    expect(routed).toEqual({ ipv4: '172.30.0.2', ipv6: 'fd00::2' });
    expect(machine.commands).toEqual([
      ...flushed,
      'ip -4 route add default via 172.30.0.2',
      'ip -6 route add default via fd00::2',
    ]);
  });

  test('leads nowhere in a family that the gateway is not in', async () => {
    const machine = fakeMachine();
    expect(await routeThrough(['172.30.0.2'], machine.run)).toEqual({
      ipv4: '172.30.0.2',
      ipv6: undefined,
    });
    expect(machine.commands).toEqual([...flushed, 'ip -4 route add default via 172.30.0.2']);
  });

  test('is changed where the kernel has no IPv6, too', async () => {
    const machine = fakeMachine(failing(/^ip -6/, 'Error: ipv6: FIB table does not exist.'));
    expect(await routeThrough(['172.30.0.2'], machine.run)).toMatchObject({ ipv4: '172.30.0.2' });
  });

  const forbidden = 'RTNETLINK answers: Operation not permitted';

  test.each([
    { code: 'ROUTE_FAILED', pattern: /add/, stderr: 'Error: Nexthop has invalid gateway.' },
    { code: 'ROUTE_FAILED', pattern: /ip/, stderr: 'missing', words: 'there is no ip' },
    { code: 'NET_ADMIN_MISSING', pattern: /flush/, stderr: forbidden },
    { code: 'NET_ADMIN_MISSING', pattern: /add/, stderr: forbidden },
  ])('is not changed: $code', async ({ code, pattern, stderr, words = stderr }) => {
    const { run } = fakeMachine(failing(pattern, stderr));
    const message: unknown = expect.stringContaining(words);
    await expect(routeThrough(['172.30.0.2'], run)).rejects.toMatchObject({ code, message });
  });

  test('needs a gateway', async () => {
    const machine = fakeMachine();
    await expect(routeThrough([], machine.run)).rejects.toMatchObject({ code: 'ROUTE_FAILED' });
    expect(machine.commands).toEqual([]);
  });
});
