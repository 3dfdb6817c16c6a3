import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Applied, RuleCounters, Rules } from '../../src/capture/capture.ts';
import { rules } from '../../src/cli/rules.ts';
import { keeper } from './edge.ts';

interface Asked {
  readonly words: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly applied?: Partial<Applied>;
  readonly left?: readonly string[];
  readonly differences?: readonly string[];
  readonly counters?: RuleCounters;
}

const uid = process.getuid?.() ?? 0;

const usual = {
  uid,
  gid: 48_889,
  proxyPort: 8888,
  controlPort: 8889,
  dnsPort: 8853,
  // Where these tests run in a container of a network of Docker's, its resolver is seen.
  resolverAsksOn: expect.any(Boolean),
  ports: [80, 443],
  scope: { excludedPorts: [], cidrs: [], excludedCidrs: [], uids: [], excludedUids: [] },
  gateway: false,
  forwards: true,
  udp: 'pass',
  sealed: false,
  backend: 'auto',
};

async function ran({ words, env = {}, applied = {}, left = [], ...more }: Asked) {
  const [stdout, stderr] = [keeper(), keeper()];
  const seen: Rules[] = [];
  let removed = 0;
  const status = await rules({
    env: { MAGNETO_CASSETTE_DIR: '/nowhere', ...env },
    words,
    streams: { stdout, stderr },
    kernel: {
      async apply(asked) {
        seen.push(asked);
        return { backend: 'nft', ipv6: 'captured', warnings: [], ...applied };
      },
      async remove() {
        removed += 1;
        return left;
      },
      async check(asked) {
        seen.push(asked);
        return more.differences ?? [];
      },
      count: async () => more.counters,
    },
  });
  return { status, out: stdout.text(), err: stderr.text(), seen, removed };
}

describe('rules apply', () => {
  test('works without a variable or flag', async () => {
    const { status, out, seen } = await ran({ words: ['apply'] });
    expect(status).toBe(0);
    expect(seen).toEqual([usual]);
    expect(out).toBe(
      `rules applied (iptables-nft, IPv6 captured: ports 80, 443 to 8888, 53 to 8853; not those of uid ${uid} with gid 48889)\n`,
    );
  });

  test('takes flags', async () => {
    const words = 'apply --uid 7 --gid 8 --port 9 --dns-port 0 --ports 3000,3001'.split(' ');
    const { seen } = await ran({ words });
    expect(seen).toEqual([
      {
        ...usual,
        uid: 7,
        gid: 8,
        proxyPort: 9,
        dnsPort: undefined,
        ports: [80, 443, 3000, 3001],
      },
    ]);
  });

  const scope = {
    excludedPorts: [5432, 53],
    cidrs: ['10.0.0.0/8', 'fd00::/8'],
    excludedCidrs: ['10.1.0.0/16'],
    uids: ['1000', '2000-2999'],
    excludedUids: ['33'],
  };

  test.each([
    [
      'flags',
      '--ports all --exclude-ports 5432,53 --cidrs 10.0.0.0/8,FD00::/8 --exclude-cidrs 10.1.0.0/16 --uids 1000,2000-2999 --exclude-uids 33 --gateway --udp reject --seal --iptables legacy',
      {},
    ],
    [
      'variables',
      '',
      {
        MAGNETO_REDIRECT_PORTS: 'all',
        MAGNETO_REDIRECT_EXCLUDE_PORTS: '5432, 53',
        MAGNETO_REDIRECT_CIDRS: '10.0.0.0/8,fd00::/8',
        MAGNETO_REDIRECT_EXCLUDE_CIDRS: '10.1.0.0/16',
        MAGNETO_REDIRECT_UIDS: '1000,2000-2999',
        MAGNETO_REDIRECT_EXCLUDE_UIDS: '33',
        MAGNETO_GATEWAY: 'true',
        MAGNETO_UDP: 'reject',
        MAGNETO_SEAL: 'true',
        MAGNETO_IPTABLES: 'legacy',
      },
    ],
  ])('takes all of it from %s', async (_, flags, env) => {
    const words = ['apply', ...flags.split(' ').filter((word) => word !== '')];
    const { seen, out } = await ran({ words, env });
    expect(seen).toEqual([
      {
        ...usual,
        ports: 'all',
        dnsPort: undefined,
        scope,
        gateway: true,
        forwards: false,
        udp: 'reject',
        sealed: true,
        backend: 'legacy',
      },
    ]);
    expect(out).toMatch(/: all ports to 8888; .*; of a gateway too; UDP refused; sealed\)/);
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

describe('UDP', () => {
  const withCassette = async (body: (folder: string) => Promise<void>): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), 'rules-'));
    writeFileSync(join(folder, 'there.json'), '{}');
    mkdirSync(join(folder, 'folder.json'));
    await body(folder).finally(() => rmSync(folder, { recursive: true }));
  };

  test.each([
    ['auto', 'there', 'fail', 'reject'],
    ['auto', 'there', 'passthrough', 'pass'],
    ['auto', 'absent', 'fail', 'pass'],
    ['replay', 'absent', 'fail', 'reject'],
    ['replay', 'there', 'record', 'pass'],
    ['record', 'there', 'fail', 'pass'],
    ['hybrid', 'there', 'fail', 'pass'],
    ['passthrough', 'there', 'fail', 'pass'],
  ])('in mode %s with a cassette %s and misses that %s is %s', async (...given) => {
    const [mode, name, miss, udp] = given;
    await withCassette(async (folder) => {
      const env = {
        MAGNETO_MODE: mode,
        MAGNETO_CASSETTE_DIR: folder,
        MAGNETO_CASSETTE_NAME: name,
        MAGNETO_ON_MISS: miss,
      };
      expect((await ran({ words: ['apply'], env })).seen[0]?.udp).toBe(udp);
    });
  });

  test('is let through, with a word, where the cassette cannot be looked at', async () => {
    await withCassette(async (folder) => {
      writeFileSync(join(folder, 'twice.json'), '{}');
      writeFileSync(join(folder, 'twice.msgpack'), '{}');
      const env = { MAGNETO_CASSETTE_DIR: folder, MAGNETO_CASSETTE_NAME: 'twice' };
      const { seen, err } = await ran({ words: ['apply'], env });
      expect(seen[0]?.udp).toBe('pass');
      expect(err).toMatch(/^magneto: UDP is let through, .*CASSETTE_AMBIGUOUS/);
    });
  });
});

test('rules print shows what would be applied', async () => {
  const { out, seen } = await ran({ words: ['print', '--uid', '1000', '--ports', '3000'] });
  expect(out).toContain('--uid-owner 1000 --gid-owner 48889');
  expect(out).toContain('--dports 80,443,3000');
  expect(seen).toEqual([]);
});

test('rules remove asks for no settings, and says what stays', async () => {
  const env = { MAGNETO_MODE: 'nonsense' };
  expect(await ran({ words: ['remove'], env })).toMatchObject({
    removed: 1,
    out: 'rules removed\n',
  });
  const { out } = await ran({ words: ['remove'], left: ['nat of iptables-legacy'] });
  expect(out).toBe('rules removed; an empty table stays: nat of iptables-legacy\n');
});

test('rules check gives the differences, and 1 where there is one', async () => {
  expect(await ran({ words: ['check'] })).toMatchObject({ status: 0, out: 'rules stand\n' });
  const { status, out, seen } = await ran({ words: ['check'], differences: ['one', 'two'] });
  expect({ status, out }).toEqual({ status: 1, out: 'one\ntwo\n' });
  expect(seen).toEqual([usual]);
});

test('rules count prints one line of JSON, and asks for no settings', async () => {
  const counters = {
    tcpBypassed: 1,
    udpPassed: 2,
    udpRejected: 3,
    quicRejected: 4,
    otherPassed: 5,
    sealed: 6,
    captured: 7,
  };
  const env = { MAGNETO_MODE: 'nonsense' };
  const { status, out } = await ran({ words: ['count'], counters, env });
  expect(status).toBe(0);
  expect(out).toBe(`${JSON.stringify(counters)}\n`);
  expect((await ran({ words: ['count'] })).out).toBe('null\n');
});

describe('rules refuses', () => {
  test.each([
    [[], 'COMMAND_UNKNOWN'],
    [['aply'], 'COMMAND_UNKNOWN'],
    [['apply', 'now'], 'COMMAND_UNKNOWN'],
    [['apply', '--user', '1'], 'COMMAND_UNKNOWN'],
    [['apply', '--uid', 'me'], 'OPTION_INVALID'],
    [['apply', '--port', '70000'], 'OPTION_INVALID'],
    [['apply', '--port', '0'], 'OPTION_INVALID'],
    [['apply', '--cidrs', '10.0.0.0/33'], 'OPTION_INVALID'],
    [['apply', '--exclude-cidrs', 'example.org'], 'OPTION_INVALID'],
    [['apply', '--uids', 'root'], 'OPTION_INVALID'],
    [['apply', '--exclude-uids', '9-3'], 'OPTION_INVALID'],
    [['apply', '--exclude-ports', 'all'], 'OPTION_INVALID'],
    [['apply', '--udp', 'drop'], 'OPTION_INVALID'],
    [['apply', '--iptables', 'ufw'], 'OPTION_INVALID'],
    [['check', '--ports', '8889'], 'CAPTURED_PORT_IS_OWN'],
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
