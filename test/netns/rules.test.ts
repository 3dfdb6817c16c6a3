import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { applyRules } from '../../src/capture/apply.ts';
import { checkRules } from '../../src/capture/check.ts';
import { countRules } from '../../src/capture/counters.ts';
import { removeRules } from '../../src/capture/remove.ts';
import { examples, usual } from '../capture/examples.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';
import { has } from '../end-to-end/real-servers.ts';
import type { Condition } from '../skip.ts';
import { describeWhere } from '../skip.ts';
import { kinds, machineOf, rulesThere, savedIn } from './kernel.ts';
import type { Namespace } from './namespaces.ts';
import { withNamespaces } from './namespaces.ts';
import { install, ran } from './transparent.ts';

const golden = (name: string): string =>
  readFileSync(join('test/fixtures/rules/saved', `${name}.rules`), 'utf8');

/** Docker's chains for its resolver, and a rule of somebody else's in each table. */
async function foreignRules(inside: Namespace, kind: string): Promise<void> {
  const docker = [
    'nat -N DOCKER_OUTPUT',
    'nat -A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT',
    'nat -A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp --dport 53 -j DNAT --to-destination 127.0.0.11:40053',
    'nat -A POSTROUTING -s 127.0.0.11/32 -p udp --sport 40053 -j SNAT --to-source :53',
    'filter -A OUTPUT -p tcp --dport 25 -j DROP',
  ];
  for (const line of docker) {
    expect(await inside.run('sh', '-ec', `iptables-${kind} -t ${line}`)).toBe('');
  }
  for (const table of ['nat', 'filter']) {
    expect(await inside.run('sh', '-ec', `ip6tables-${kind} -t ${table} -A OUTPUT -p 50`)).toBe('');
  }
}

async function inNamespace(body: (inside: Namespace) => Promise<void>): Promise<void> {
  await withNamespaces(1, async (inside) => {
    await body(inside);
  });
}

describeWhere(rulesThere, 'the rules', () => {
  describe.each(kinds)('of iptables-%s', (backend) => {
    test.each(Object.keys(examples))('of %s are the golden ones in the kernel', async (name) => {
      await inNamespace(async (inside) => {
        const wanted = { ...(examples[name] ?? usual), backend };
        const machine = machineOf(inside);
        expect(await applyRules(wanted, machine)).toMatchObject({ backend, warnings: [] });
        const saved = await savedIn(inside, backend);
        for (const family of ['v4', 'v6'] as const) {
          expect(saved[family]).toBe(golden(`${backend}.${family}.${name}`));
        }
        expect(await checkRules(wanted, machine)).toEqual([]);
        expect(await savedIn(inside, backend)).toEqual(saved);
      });
    });

    test('are the same applied twice, beside foreign ones, and gone once removed', async () => {
      await inNamespace(async (inside) => {
        await foreignRules(inside, backend);
        const machine = machineOf(inside);
        const before = await savedIn(inside, backend);
        const wanted = examples['gateway-all'] ?? usual;
        // Docker's chains say which kind it is.
        expect(await applyRules(wanted, machine)).toMatchObject({ backend });
        const once = await savedIn(inside, backend);
        expect(/-A OUTPUT .*/.exec(once.v4.slice(once.v4.indexOf('*nat')))?.[0]).toBe(
          '-A OUTPUT -m comment --comment magneto -j MAGNETO_OUTPUT',
        );
        await applyRules(wanted, machine);
        expect(await savedIn(inside, backend)).toEqual(once);
        await applyRules(usual, machine);
        expect(JSON.stringify(await savedIn(inside, backend))).not.toMatch(/PREROUTING -m comment/);
        // Nothing of it is left in the tables, which somebody else had made.
        expect(await removeRules(machine.run)).toEqual([]);
        expect(await savedIn(inside, backend)).toEqual(before);
        expect(await removeRules(machine.run)).toEqual([]);
        expect(await savedIn(inside, backend)).toEqual(before);
      });
    });

    test('that fail to be applied leave what stood, in the kernel too', async () => {
      await inNamespace(async (inside) => {
        const machine = machineOf(inside);
        await applyRules({ ...usual, backend }, machine);
        const before = await savedIn(inside, backend);
        // An address of no family is beyond what settings let through; the kernel refuses the rule.
        const scope = { ...usual.scope, excludedCidrs: ['fd00::/8', 'not:an:address'] };
        const applying = applyRules({ ...usual, backend, ports: 'all', scope }, machine);
        await expect(applying).rejects.toMatchObject({ code: 'IP6TABLES_UNAVAILABLE' });
        expect(await savedIn(inside, backend)).toEqual(before);
      });
    });

    test('are missed where somebody has changed them, each by a line', async () => {
      await inNamespace(async (inside) => {
        const machine = machineOf(inside);
        expect(await checkRules(usual, machine)).toEqual(['no rules of magneto stand here']);
        expect(await countRules(machine.run)).toBeUndefined();
        await applyRules({ ...usual, backend }, machine);
        await inside.run('sh', '-ec', `iptables-${backend} -t nat -I OUTPUT -p 50 -j ACCEPT`);
        await inside.run('sh', '-ec', `ip6tables-${backend} -D MAGNETO_FILTER 10`);
        expect(await checkRules(usual, machine)).toEqual([
          'v4 nat: the first rule of OUTPUT does not lead into MAGNETO_OUTPUT',
          expect.stringMatching(/^v6 filter: missing: -A MAGNETO_FILTER .*--dport 443 /),
        ]);
        expect(await countRules(machine.run)).toMatchObject({ captured: 0, quicRejected: 0 });
      });
    });
  });

  test('stand in one kind after the other was asked for', async () => {
    await inNamespace(async (inside) => {
      const machine = machineOf(inside);
      await applyRules({ ...usual, backend: 'legacy' }, machine);
      await applyRules({ ...usual, backend: 'nft' }, machine);
      expect(JSON.stringify(await savedIn(inside, 'legacy'))).not.toContain('MAGNETO');
      expect(await checkRules(usual, machine)).toEqual([]);
    });
  });

  test('leave a bare namespace bare where nft is there, and else name the empty tables', async () => {
    await inNamespace(async (inside) => {
      const machine = machineOf(inside);
      await applyRules({ ...usual, backend: 'nft' }, machine);
      const left = await removeRules(machine.run);
      const saved = await savedIn(inside, 'nft');
      const names = ['filter', 'nat'].flatMap((table) =>
        ['iptables', 'ip6tables'].map((command) => `${table} of ${command}-nft`),
      );
      expect(left.toSorted()).toEqual(has('nft') ? [] : names.toSorted());
      expect((saved.v4 + saved.v6).match(/^-A|MAGNETO/gm)).toBeNull();
      expect(saved.v4 === '').toBe(has('nft'));
    });
  });

  test('cannot be applied without the right to, and the line says which', async () => {
    await withFolder(async (folder) => {
      const { node, bundle } = await install(folder);
      await inNamespace(async (app) => {
        const bound = ['setpriv', '--bounding-set', '-net_admin', '--inh-caps', '-net_admin', '--'];
        const said = await ran([...app.through, ...bound, node, bundle, 'rules', 'apply']);
        expect(said).toMatch(
          /^ended with 2: magneto: NET_ADMIN_MISSING: [^\n]*cap_add: \[NET_ADMIN[^\n]*\n$/,
        );
        // The older kind needs another one as well, and does not say so.
        const admin = ['setpriv', '--bounding-set=-all,+net_admin', '--inh-caps=-all', '--'];
        const older = ['rules', 'apply', '--iptables', 'legacy'];
        expect(await ran([...app.through, ...admin, node, bundle, ...older])).toMatch(
          /^ended with 2: magneto: NET_RAW_MISSING: [^\n]*cap_add: \[NET_ADMIN, NET_RAW[^\n]*\n$/,
        );
        const nowhere = ['env', 'PATH=/nowhere', node, bundle, 'rules', 'apply'];
        const none = await ran([...app.through, ...nowhere]);
        expect(none).toMatch(/^ended with 2: magneto: IPTABLES_MISSING: [^\n]*\n$/);
      });
    });
  }, 60_000);

  test('are applied, checked, counted and removed by the verbs', async () => {
    await withFolder(async (folder) => {
      const { node, bundle } = await install(folder);
      await inNamespace(async (app) => {
        const verb = (...words: readonly string[]): Promise<string> =>
          ran([...app.through, node, bundle, 'rules', ...words]);
        const all = ['--uid', '1000', '--ports', 'all', '--gateway', '--seal', '--udp', 'reject'];
        expect(await verb('check', ...all)).toBe('ended with 1: no rules of magneto stand here\n');
        expect(await verb('apply', ...all)).toMatch(
          /^rules applied \(iptables-nft, IPv6 captured: all ports to 8888, .*; sealed\)\n$/,
        );
        expect(await verb('check', ...all)).toBe('rules stand\n');
        expect(await verb('check', '--uid', '1000')).toMatch(/^ended with 1: v4 nat: /);
        expect(JSON.parse(await verb('count'))).toMatchObject({ captured: 0, sealed: 0 });
        expect(await verb('remove')).toMatch(/^rules removed/);
        expect(await verb('count')).toBe('null\n');
      });
    });
  }, 60_000);
});

const dockersOwn = `table ip docker-dns {
  chain dns-dnat {
    type nat hook output priority -100; policy accept;
    ip daddr 127.0.0.11 udp dport 53 counter dnat to 127.0.0.11:40053
  }
}
`;

const askDocker = `
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'who', ('127.0.0.11', 53))`;

const nftThere: Condition = {
  ok: rulesThere.ok && has('nft'),
  reason: `${rulesThere.reason}; and nft`,
};

describeWhere(nftThere, 'beside a Docker that writes nftables itself', () => {
  test('the rules are of nft, and are asked first', async () => {
    await inNamespace(async (inside) => {
      const machine = machineOf(inside);
      // What else would make one think that it is the other kind.
      await inside.run('iptables-legacy', '-t', 'nat', '-N', 'SOMEBODY');
      await machine.run('nft', ['-f', '-'], dockersOwn);
      expect(await applyRules(usual, machine)).toMatchObject({ backend: 'nft' });
      expect(await inside.run('python3', '-c', askDocker)).toBe('');
      const names = await inside.run('sh', '-c', 'iptables-nft-save -c | grep "magneto: names"');
      expect(names).toMatch(/^\[1:\d+\] .*--dport 53 /m);
      expect(await inside.run('nft', 'list', 'table', 'ip', 'docker-dns')).toMatch('packets 0');
      // Without ours it is Docker's again.
      expect(await removeRules(machine.run)).toEqual([]);
      expect(await inside.run('python3', '-c', askDocker)).toBe('');
      expect(await inside.run('nft', 'list', 'table', 'ip', 'docker-dns')).toMatch('packets 1');
    });
  });
});
