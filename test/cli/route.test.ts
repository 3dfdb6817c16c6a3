import { describe, expect, test } from '@jest/globals';
import { route } from '../../src/cli/route.ts';
import { keeper } from './edge.ts';

async function ran(...words: readonly string[]) {
  const stdout = keeper();
  const seen: (readonly string[])[] = [];
  const status = await route({
    words,
    streams: { stdout },
    change: async (addresses) => {
      seen.push(addresses);
      return { ipv4: addresses[0], ipv6: undefined };
    },
    pauseMs: 1,
  });
  return { status, out: stdout.text(), seen };
}

describe('rules route', () => {
  test('takes an address', async () => {
    expect(await ran('--via', '172.30.0.2')).toEqual({
      status: 0,
      out: 'routed (IPv4 172.30.0.2, IPv6 leads nowhere)\n',
      seen: [['172.30.0.2']],
    });
  });

  test('takes a name', async () => {
    const { seen } = await ran('--via=localhost');
    expect(seen[0]?.some((address) => ['127.0.0.1', '::1'].includes(address))).toBe(true);
  });

  test('gives up a name that nobody knows', async () => {
    await expect(ran('--via', `${'x'.repeat(64)}.invalid`)).rejects.toMatchObject({
      code: 'ROUTE_FAILED',
    });
  });

  test.each([[[]], [['--via', '']], [['--by', 'x']], [['--via', 'a', 'b']]])(
    'does not take %j',
    async (words) => {
      await expect(ran(...words)).rejects.toMatchObject({ code: 'COMMAND_UNKNOWN' });
    },
  );
});
