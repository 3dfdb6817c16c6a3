import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Authority } from '../../src/tls/tls.ts';
import { openAuthority } from '../../src/tls/tls.ts';
import { describeWhere } from '../skip.ts';
import { program, run, withDirectory, withTlsServer } from './tools.ts';

const dayMs = 86_400_000;

/** The certificate that a client was shown, after a handshake that it found good. */
async function shownTo(options: ConnectionOptions): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', ...options }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate === undefined) reject(new Error('no certificate'));
      else resolve(certificate);
    });
    socket.once('error', reject);
  });
}

let authority: Authority;
let leave: () => void = () => {};
let left: Promise<void>;

beforeAll(async () => {
  await new Promise<void>((ready, failed) => {
    left = withDirectory(async (directory) => {
      authority = await openAuthority({ directory });
      ready();
      await new Promise<void>((resolve) => {
        leave = resolve;
      });
    });
    left.catch(failed);
  });
});

afterAll(async () => {
  leave();
  await left;
});

test('tells its certificate, file and fingerprint', async () => {
  expect(await readFile(authority.certificateFile, 'latin1')).toBe(authority.certificatePem);
  const certificate = new X509Certificate(authority.certificatePem);
  expect(authority.fingerprint).toBe(certificate.fingerprint256);
});

test('opens the same CA again', async () => {
  const directory = join(authority.certificateFile, '..');
  const again = await openAuthority({ directory });
  expect(again.fingerprint).toBe(authority.fingerprint);
});

test('of four that start at once, all sign with the same CA', async () => {
  await withDirectory(async (directory) => {
    const opened = await Promise.all([1, 2, 3, 4].map(() => openAuthority({ directory })));
    expect(new Set(opened.map((each) => each.fingerprint)).size).toBe(1);
  });
});

test('refuses a pair that does not fit, before anything else', async () => {
  await withDirectory(async (directory) => {
    await openAuthority({ directory });
    const other = join(directory, 'other');
    await mkdir(other);
    await openAuthority({ directory: other });
    await writeFile(join(directory, 'ca.key'), await readFile(join(other, 'ca.key')));
    await expect(openAuthority({ directory })).rejects.toMatchObject({ code: 'CA_INVALID' });
  });
});

test('warns in the last thirty days of its life, and of the day after', async () => {
  expect(authority.warnings()).toEqual([]);
  const { validTo } = new X509Certificate(authority.certificatePem);
  const clock = jest.spyOn(Date, 'now');
  for (const [days, words] of [
    [-29, /ca\.pem expires on 20\d\d-\d\d-\d\d: .*trust rotate/],
    [1, /ca\.pem expired on/],
  ] as const) {
    clock.mockReturnValue(Date.parse(validTo) + days * dayMs);
    expect(authority.warnings()).toEqual([expect.stringMatching(words)]);
  }
  clock.mockRestore();
});

describe('a context', () => {
  test('is made once for a name, however it is spelt and however many ask', async () => {
    const [first, second] = [authority.contextFor('Same.test'), authority.contextFor('same.test.')];
    expect(await first).toBe(await second);
    expect(await authority.contextFor('other.test')).not.toBe(await first);
  });

  test('shows a leaf for the name, of at most 197 days, to a client that trusts the CA', async () => {
    const context = await authority.contextFor('leaf.test');
    await withTlsServer({ context, host: '127.0.0.1' }, async (port) => {
      const shown = await shownTo({ port, servername: 'leaf.test', ca: authority.certificatePem });
      const [from, until] = [Date.parse(shown.validFrom), Date.parse(shown.validTo)];
      expect((until - from) / dayMs).toBeLessThanOrEqual(197);
      expect(from).toBeLessThan(Date.now() - 1.9 * dayMs + dayMs);
      expect(shown.publicKey.asymmetricKeyType).toBe('ec');
      expect(shown.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    });
  });

  test('serves clients that know only RSA, with either key exchange', async () => {
    const context = await authority.contextFor('old.test');
    await withTlsServer({ context, host: '127.0.0.1' }, async (port) => {
      for (const ciphers of ['ECDHE-RSA-AES128-GCM-SHA256', 'AES128-GCM-SHA256']) {
        const client = { port, servername: 'old.test', ca: authority.certificatePem };
        const shown = await shownTo({ ...client, ciphers, maxVersion: 'TLSv1.2' });
        expect(shown.publicKey.asymmetricKeyType).toBe('rsa');
      }
    });
  });

  test('refuses TLS 1.1', async () => {
    const context = await authority.contextFor('ancient.test');
    await withTlsServer({ context, host: '127.0.0.1' }, async (port) => {
      const ancient = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' };
      await expect(
        shownTo({ port, ca: authority.certificatePem, ...(ancient as ConnectionOptions) }),
      ).rejects.toThrow(/protocol version/);
    });
  });

  test('is bounded in number', async () => {
    const early = await authority.contextFor('early.test');
    await Promise.all(
      Array.from({ length: 1000 }, (_, index) => authority.contextFor(`n${index}.test`)),
    );
    expect(await authority.contextFor('early.test')).not.toBe(early);
  }, 30_000);
});

describeWhere(program('openssl', 'version'), 'openssl', () => {
  test('finds the leaf good under the strictest rules, for every sort of name', async () => {
    await withDirectory(async (directory) => {
      const names = ['verify.test', '127.0.0.1', '::1', `${'a'.repeat(60)}.long.test`];
      for (const [index, name] of names.entries()) {
        const context = await authority.contextFor(name);
        await withTlsServer({ context, host: '127.0.0.1' }, async (port) => {
          const shown = await shownTo({ port, rejectUnauthorized: false });
          const file = join(directory, `${index}.pem`);
          await writeFile(file, shown.toString());
          const strict = ['-x509_strict', '-purpose', 'sslserver', '-CAfile'];
          const verified = run('openssl', 'verify', ...strict, authority.certificateFile, file);
          expect(await verified).toMatch(/: OK$/m);
          const text = await run('openssl', 'x509', '-in', file, '-noout', '-text');
          expect(text).toContain('X509v3 Authority Key Identifier');
          expect(/Alternative Name: critical/.test(text)).toBe(name.length > 64);
        });
      }
    });
  });

  test.each([
    ['EC', 'ECDSA+SHA256', 'ECDSA'],
    ['RSA', 'RSA-PSS+SHA256', 'RSA-PSS'],
  ])('shakes hands where it takes nothing but %s', async (_, algorithms, used) => {
    const context = await authority.contextFor('sigalgs.test');
    await withTlsServer({ context, host: '127.0.0.1' }, async (port) => {
      const where = ['-connect', `127.0.0.1:${port}`, '-servername', 'sigalgs.test'];
      const trust = ['-CAfile', authority.certificateFile, '-verify_return_error'];
      const said = await run('openssl', 's_client', ...where, ...trust, '-sigalgs', algorithms);
      expect(said).toContain('Verify return code: 0 (ok)');
      expect(said).toContain(`Peer signature type: ${used}`);
    });
  });

  test('brings an EC CA of its own, and its clients are served', async () => {
    await withDirectory(async (directory) => {
      const [key, certificate] = [join(directory, 'ca.key'), join(directory, 'ca.pem')];
      await run('openssl', 'ecparam', '-name', 'secp384r1', '-genkey', '-out', key);
      const subject = ['-subj', '/CN=Wurzel/O=Ärzte', '-utf8', '-days', '30'];
      await run('openssl', 'req', '-x509', '-new', '-key', key, '-out', certificate, ...subject);
      const brought = await openAuthority({ directory });
      const context = await brought.contextFor('brought.test');
      await withTlsServer({ context, host: '127.0.0.1' }, async (port) => {
        const client = { port, servername: 'brought.test', ca: brought.certificatePem };
        const shown = await shownTo(client);
        expect(Date.parse(shown.validTo)).toBeLessThan(Date.now() + 30 * dayMs + 1000);
        await expect(
          shownTo({ ...client, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }),
        ).rejects.toThrow(/handshake failure/);
      });
    });
  });
});

describeWhere(program('curl', '--version'), 'curl', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]', '::1'],
    ['127.0.0.1', 'named_one.test', 'named_one.test'],
  ])('on %s accepts https://%s', async (host, urlHost, name) => {
    const context = await authority.contextFor(name);
    await withTlsServer({ context, host }, async (port) => {
      const resolve = ['--noproxy', '*', '--resolve', `named_one.test:${port}:127.0.0.1`];
      const trust = ['--cacert', authority.certificateFile];
      const url = `https://${urlHost}:${port}/`;
      expect(await run('curl', '-sS', ...resolve, ...trust, url)).toBe('hello');
    });
  });
});

describeWhere(program('python3', '-c', 'import ssl'), 'Python', () => {
  test('accepts the certificate under VERIFY_X509_STRICT', async () => {
    const script = [
      'import socket, ssl, sys',
      'context = ssl.create_default_context(cafile=sys.argv[1])',
      'context.verify_flags |= ssl.VERIFY_X509_STRICT | getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0)',
      'for name in ("127.0.0.1",):',
      '    raw = socket.create_connection(("127.0.0.1", int(sys.argv[2])))',
      '    with context.wrap_socket(raw, server_hostname=name) as session:',
      '        session.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")',
      '        print(session.version(), session.recv(1000)[-5:])',
    ].join('\n');
    const context = await authority.contextFor('127.0.0.1');
    await withTlsServer({ context, host: '127.0.0.1' }, async (port) => {
      const said = await run('python3', '-c', script, authority.certificateFile, String(port));
      expect(said.trim()).toBe("TLSv1.3 b'hello'");
    });
  });
});
