import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect, test } from '@jest/globals';
import { makePair } from '../../src/tls/authority-making.ts';
import { readCertificates } from '../../src/tls/certificates.ts';
import { installScript } from '../../src/tls/trust-install.ts';
import { describeWhere } from '../skip.ts';
import { program, run, runWithin, withDirectory } from './tools.ts';

const pems = await Promise.all(
  [1, 2].map(async () => (await makePair({ names: undefined })).certificate),
);
const authorities = pems.flatMap(readCertificates);
const tools = 'sh cat sed id uname mkdir chmod rm cut env';

/** Mounts of its own, for which others than root need to be root of a namespace first. */
const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
const namespaces = ['--fork', '--kill-child', '--mount', ...asRoot];

/** What a machine is given before the script runs: folders of its own in the place of the real ones. */
interface Machine {
  /** Lines of a shell: what stands there, in a root whose /etc and /usr/local are copies. */
  readonly before: string;
  /** Programs that are there beside the few that every system has. */
  readonly with: Readonly<Record<string, string>>;
}

/** Runs lines in a namespace of mounts, where only these programs are there: `install` is the script. */
async function onMachine(machine: Machine, lines: string): Promise<string> {
  let said = '';
  await withDirectory(async (directory) => {
    const bin = join(directory, 'bin');
    await mkdir(bin);
    await writeFile(join(directory, 'install-ca.sh'), installScript(authorities));
    await writeFile(join(directory, 'root.pem'), `${rootCertificates[0] ?? ''}\n`);
    for (const [name, text] of Object.entries(machine.with)) {
      await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }
    const script = [
      'set -eu',
      `dir=${directory}`,
      `for name in ${tools}; do [ -e ${bin}/$name ] || ln -s "$(command -v "$name")" ${bin}/; done`,
      'for place in /etc /usr/local/share; do',
      '  copy=$dir/copy$place; mkdir -p "$copy"',
      '  cp -a "$place/." "$copy/" 2>/dev/null || true',
      '  mount --bind "$copy" "$place"',
      'done',
      `install() { PATH=${bin} HOME=$dir sh "$dir/install-ca.sh" "$@"; }`,
      machine.before,
      lines,
    ].join('\n');
    said = await runWithin(50_000, 'unshare', [...namespaces, 'sh', '-c', script]);
  });
  return said;
}

/** Debian's tool has hooks, one of which makes a store for Java, slowly. */
const withoutHooks = 'rm -rf /etc/ca-certificates/update.d; mkdir -p /etc/ca-certificates/update.d';
const nothingElse =
  'rm -rf /etc/ssl /etc/pki /etc/ca-certificates /usr/local/share/ca-certificates';

test('the script is one that every POSIX shell takes', async () => {
  await withDirectory(async (directory) => {
    const file = join(directory, 'install-ca.sh');
    await writeFile(file, installScript(authorities));
    expect(await run('sh', '-n', file)).toBe('');
    await expect(run('sh', file, 'instal')).rejects.toMatchObject({ code: 2 });
  });
});

describeWhere(program('unshare', ...namespaces, 'true'), 'a machine', () => {
  test('of the Debian family: real programs trust the CA, once however often, and then no more', async () => {
    const real = {
      'update-ca-certificates':
        'PATH=/usr/sbin:/usr/bin:/sbin:/bin exec update-ca-certificates "$@"',
    };
    const said = await onMachine(
      { before: `${withoutHooks}; mkdir -p /usr/local/share/ca-certificates`, with: real },
      [
        'count() { grep -c BEGIN /etc/ssl/certs/ca-certificates.crt; }',
        `cat >"$dir/one.pem" <<'PEM'\n${pems[1] ?? ''}PEM`,
        'trusted() { openssl verify "$dir/one.pem" >/dev/null 2>&1 && echo yes || echo no; }',
        'before=$(count)',
        'echo "trusted at first: $(trusted)"',
        'install; install',
        'echo "more: $(($(count) - before)), trusted: $(trusted)"',
        'install remove',
        'echo "more: $(($(count) - before)), trusted: $(trusted)"',
      ].join('\n'),
    );
    expect(said.split('\n').filter((line) => !line.startsWith('rehash'))).toEqual([
      'trusted at first: no',
      'install-ca: install: done, by update-ca-certificates',
      'install-ca: install: done, by update-ca-certificates',
      'more: 2, trusted: yes',
      'install-ca: remove: done, by update-ca-certificates',
      'more: 0, trusted: no',
      '',
    ]);
  }, 60_000);

  test.each([
    {
      family: 'RHEL',
      anchors: '/etc/pki/ca-trust/source/anchors',
      suffix: 'pem',
      tool: 'update-ca-trust',
    },
    {
      family: 'Arch',
      anchors: '/etc/ca-certificates/trust-source/anchors',
      suffix: 'crt',
      tool: 'update-ca-trust',
    },
    {
      family: 'SUSE',
      anchors: '/etc/pki/trust/anchors',
      suffix: 'pem',
      tool: 'update-ca-certificates',
    },
    {
      family: 'Alpine',
      anchors: '/usr/local/share/ca-certificates',
      suffix: 'crt',
      tool: 'update-ca-certificates',
    },
  ])(
    'of the $family family: the tool is called, with the files where it looks',
    async ({ anchors, suffix, tool }) => {
      const shim = {
        [tool]: `echo "$0 $*" >>/etc/calls; set -- ${anchors}/*; echo "$#" >>/etc/calls`,
      };
      const said = await onMachine(
        {
          before: `${nothingElse}; mkdir -p ${anchors}; echo x >${anchors}/other.${suffix}`,
          with: shim,
        },
        [
          'install',
          'install',
          `cat ${anchors}/magneto-*.${suffix}`,
          'install remove',
          'cat /etc/calls',
        ].join('\n'),
      );
      expect(readCertificates(said).map(String).toSorted()).toEqual([...pems].toSorted());
      expect(said.match(/^\d+$/gm)).toEqual(['3', '3', '1']);
      expect(said).toContain(`install-ca: remove: done, by ${tool}`);
    },
  );

  test('with a bundle and no tool: ours is at its end, and goes again', async () => {
    const bundle = '/etc/ssl/certs/ca-certificates.crt';
    const said = await onMachine(
      {
        before: `${nothingElse}; mkdir -p /etc/ssl/certs; cp "$dir/root.pem" ${bundle}`,
        with: {},
      },
      [
        'install >/dev/null; install >/dev/null',
        `cat ${bundle}`,
        'install remove >/dev/null',
        `cmp ${bundle} "$dir/root.pem" && echo as before`,
      ].join('\n'),
    );
    expect(readCertificates(said).map(String)).toEqual([
      String(readCertificates(rootCertificates[0] ?? '')),
      ...pems,
    ]);
    expect(said.match(/magneto begin/g)).toHaveLength(1);
    expect(said).toMatch(/as before\n$/);
  });

  test('without any store says what else to do', async () => {
    const said = onMachine({ before: nothingElse, with: {} }, 'install');
    await expect(said).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the variables of magneto.env'),
    });
  });

  test('whose store cannot be written says what else to do', async () => {
    const anchors = '/usr/local/share/ca-certificates';
    const readOnly = `mkdir -p ${anchors}; mount --bind -o ro ${anchors} ${anchors}; mount -o remount,bind,ro ${anchors}`;
    const said = onMachine(
      { before: `${nothingElse}; ${readOnly}`, with: { 'update-ca-certificates': '' } },
      'install',
    );
    await expect(said).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('magneto.env'),
    });
  });

  test('with macOS’ tool: each CA goes into the System keychain', async () => {
    const said = await onMachine(
      {
        before: nothingElse,
        with: {
          uname: 'echo Darwin',
          security: 'echo "security $1 $2 $3 $4 $5 $6"',
          mktemp: `echo "$HOME/tmp.pem"`,
        },
      },
      'install',
    );
    const line = 'security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain';
    expect(said.split('\n').filter((each) => each === line)).toHaveLength(2);
  });
});
