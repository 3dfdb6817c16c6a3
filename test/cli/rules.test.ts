import { describe, expect, test } from '@jest/globals';
import type { Applied, Rules } from '../../src/capture/capture.ts';
import { rules } from '../../src/cli/rules.ts';
import { keeper } from './edge.ts';

interface Asked {
  readonly words: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly applied?: Partial<Applied>;
}

async function ran({ words, env = {}, applied = {} }: Asked) {
  const [stdout, stderr] = [keeper(), keeper()];
  const seen: Rules[] = [];
  let removed = 0;
  const status = await rules({
    env,
    words,
    streams: { stdout, stderr },
    async apply(asked) {
      seen.push(asked);
      return { backend: 'nft', ipv6: 'captured', warnings: [], ...applied };
    },
    async remove() {
      removed += 1;
    },
  });
  return { status, out: stdout.text(), err: stderr.text(), seen, removed };
}

describe('rules apply', () => {
  test('works without a variable or flag', async () => {
    const { status, out, seen } = await ran({ words: ['apply'] });
    expect(status).toBe(0);
    const uid = process.getuid?.() ?? 0;
    expect(seen).toEqual([{ uid, gid: 48_889, proxyPort: 8888, dnsPort: 8853, ports: [80, 443] }]);
    expect(out).toBe(
      `rules applied (iptables-nft, IPv6 captured: ports 80, 443 to 8888, 53 to 8853; not those of uid ${uid} with gid 48889)\n`,
    );
  });

  test('takes flags', async () => {
    const words = 'apply --uid 7 --gid 8 --port 9 --dns-port 0 --ports 3000,3001'.split(' ');
    const { seen } = await ran({ words });
    expect(seen).toEqual([
      { uid: 7, gid: 8, proxyPort: 9, dnsPort: undefined, ports: [80, 443, 3000, 3001] },
    ]);
  });

  test('takes the settings', async () => {
    const env = {
      MAGNETO_PORT: '9000',
      MAGNETO_DNS_PORT: '9053',
      MAGNETO_REDIRECT_PORTS: '8080, 3000',
    };
    const { seen } = await ran({ words: ['apply', '--uid', '1'], env });
    expect(seen[0]).toMatchObject({ proxyPort: 9000, dnsPort: 9053, ports: [80, 443, 8080, 3000] });
  });

  test('says what it could not do as it should be', async () => {
    const applied = { backend: 'plain', ipv6: 'refused', warnings: ['IPv6 is refused'] } as const;
    const { err, out } = await ran({ words: ['apply'], applied });
    expect(err).toBe('magneto: IPv6 is refused\n');
    expect(out).toContain('(iptables, IPv6 refused');
  });
});

test('rules print shows what would be applied', async () => {
  const { out, seen } = await ran({ words: ['print', '--uid', '1000', '--ports', '3000'] });
  expect(out).toContain('--uid-owner 1000 --gid-owner 48889');
  expect(out).toContain('--dports 80,443,3000');
  expect(seen).toEqual([]);
});

test('rules remove asks for no settings', async () => {
  const env = { MAGNETO_MODE: 'nonsense' };
  expect(await ran({ words: ['remove'], env })).toMatchObject({
    removed: 1,
    out: 'rules removed\n',
  });
});

describe('rules refuses', () => {
  test.each([
    [[], 'COMMAND_UNKNOWN'],
    [['aply'], 'COMMAND_UNKNOWN'],
    [['apply', 'now'], 'COMMAND_UNKNOWN'],
    [['apply', '--user', '1'], 'COMMAND_UNKNOWN'],
    [['apply', '--uid', 'me'], 'OPTION_INVALID'],
    [['apply', '--port', '70000'], 'OPTION_INVALID'],
    [['apply', '--ports', '80,x'], 'OPTION_INVALID'],
    [['apply', '--ports', '8889'], 'CAPTURED_PORT_IS_OWN'],
    [['print', '--ports', '8888'], 'CAPTURED_PORT_IS_OWN'],
  ])('%j with %s', async (words, code) => {
    await expect(ran({ words })).rejects.toMatchObject({ name: 'Failure', code });
  });

  test('ports that are none', async () => {
    const env = { MAGNETO_REDIRECT_PORTS: '80,0' };
    await expect(ran({ words: ['apply'], env })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });
});
