import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makePair } from '../../src/tls/authority-making.ts';
import type { PermittedNames } from '../../src/tls/name-constraints.ts';
import { permitsJust, readNameConstraints } from '../../src/tls/name-constraints.ts';
import { openAuthority } from '../../src/tls/tls.ts';
import { describeWhere } from '../skip.ts';
import { program, run, withDirectory, withTlsServer } from './tools.ts';

const both = { dns: ['permitted.test'], ip: ['10.1.2.3/8', 'fd00::/7', '192.0.2.1'] };
const onlyNames = { dns: ['permitted.test'], ip: [] };
const onlyAddresses = { dns: [], ip: ['10.0.0.0/8'] };

async function madeFor(names: PermittedNames | undefined): Promise<Buffer> {
  return new X509Certificate((await makePair({ names })).certificate).raw;
}

const verdicts: readonly (readonly [PermittedNames, string, boolean])[] = [
  [both, 'permitted.test', true],
  [both, 'below.permitted.test', true],
  [both, 'notpermitted.test', false],
  [both, 'permitted.test.evil.test', false],
  [both, '10.255.0.1', true],
  [both, '11.0.0.1', false],
  [both, '192.0.2.1', true],
  [both, '192.0.2.2', false],
  [both, 'fdff::1', true],
  [both, 'fc00::1', true],
  [both, 'fe00::1', false],
  [onlyNames, 'permitted.test', true],
  [onlyNames, '10.0.0.1', false],
  [onlyNames, '::1', false],
  [onlyAddresses, '10.0.0.1', true],
  [onlyAddresses, 'permitted.test', false],
];

test.each(verdicts)('%j: %s is in it: %s', async (names, name, verdict) => {
  expect(readNameConstraints(await madeFor(names))?.(name)).toBe(verdict);
});

describe('a certificate', () => {
  test('without constraints has none, and permits not just what is asked', async () => {
    const free = await madeFor(undefined);
    expect(readNameConstraints(free)).toBeUndefined();
    expect(permitsJust(free, both)).toBe(false);
  });

  test('permits just what it was made for', async () => {
    const made = await madeFor(both);
    expect(permitsJust(made, both)).toBe(true);
    expect(permitsJust(made, { ...both, dns: ['permitted.test', 'other.test'] })).toBe(false);
    expect(permitsJust(made, { ...both, ip: both.ip.slice(1) })).toBe(false);
  });
});

describe('an authority', () => {
  test('refuses a name outside, with a failure that says which', async () => {
    await withDirectory(async (directory) => {
      const authority = await openAuthority({ directory, names: onlyNames });
      expect(authority.refusal('Permitted.test.')).toBeUndefined();
      expect(authority.refusal('other.test')).toMatchObject({ code: 'NAME_OUTSIDE_CA' });
      const asked = authority.contextFor('other.test');
      await expect(asked).rejects.toThrow('ca.pem may not speak for other.test');
    });
  });

  test('that stands there for other names is a failure; without the option it is taken as it is', async () => {
    await withDirectory(async (directory) => {
      await openAuthority({ directory, names: onlyNames });
      const other = openAuthority({ directory, names: both });
      await expect(other).rejects.toMatchObject({ code: 'CA_CONSTRAINTS_DIFFER' });
      const taken = await openAuthority({ directory });
      expect(taken.refusal('other.test')).toMatchObject({ code: 'NAME_OUTSIDE_CA' });
    });
  });
});

describeWhere(program('openssl', 'version'), 'openssl', () => {
  test.each(verdicts.filter(([, , verdict]) => verdict))(
    '%j: takes a leaf for %s',
    async (names, name) => {
      await withDirectory(async (directory) => {
        const authority = await openAuthority({ directory, names });
        await withTlsServer(
          { context: await authority.contextFor(name), host: '127.0.0.1' },
          async (port) => {
            const trust = [
              '-CAfile',
              authority.certificateFile,
              '-verify_return_error',
              '-x509_strict',
            ];
            const said = run('openssl', 's_client', '-connect', `127.0.0.1:${port}`, ...trust);
            expect(await said).toContain('Verify return code: 0 (ok)');
          },
        );
      });
    },
  );

  test.each(verdicts.filter(([, , verdict]) => !verdict))(
    '%j: takes none for %s',
    async (names, name) => {
      await withDirectory(async (directory) => {
        const authority = await openAuthority({ directory, names });
        const said = verified(authority.certificateFile, { directory, name });
        await expect(said).rejects.toMatchObject({
          stderr: expect.stringMatching(/permitted subtree violation|excluded subtree violation/),
        });
      });
    },
  );
});

/** What openssl says of a leaf that is made, whatever its issuer may speak for. */
async function verified(
  ca: string,
  leaf: { readonly directory: string; readonly name: string },
): Promise<string> {
  const { directory, name } = leaf;
  const at = (file: string): string => join(directory, file);
  const [key, request, pem, extensions] = [at('k.pem'), at('r.pem'), at('l.pem'), at('x.cnf')];
  const sort = /^[\d.]+$|:/.test(name) ? 'IP' : 'DNS';
  await writeFile(extensions, `subjectAltName = critical,${sort}:${name}\n`);
  await run('openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key);
  await run('openssl', 'req', '-new', '-key', key, '-out', request, '-subj', '/');
  const signer = ['-CA', ca, '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '3'];
  const asked = ['-req', '-in', request, '-out', pem, '-extfile', extensions];
  await run('openssl', 'x509', ...asked, ...signer);
  return run('openssl', 'verify', '-x509_strict', '-CAfile', ca, pem);
}
