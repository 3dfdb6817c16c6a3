import { createPrivateKey } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readCertificates } from '../../src/tls/certificates.ts';
import { openAuthority, openTrustKit, rotateAuthority } from '../../src/tls/tls.ts';
import type { TrustKit } from '../../src/tls/tls.ts';
import { describeWhere } from '../skip.ts';
import { program, run, withDirectory } from './tools.ts';

interface Kit {
  readonly kit: TrustKit;
  readonly folder: string;
  readonly certDir: string;
  readonly authorityPem: string;
  /** The kit of the same CA, opened anew, with something else about it. */
  readonly again: (more?: {
    readonly upstreamCa?: readonly string[];
    readonly systemBundle?: string;
  }) => TrustKit;
}

async function withKit(body: (kit: Kit) => Promise<void>, below = ['trust']): Promise<void> {
  await withDirectory(async (directory) => {
    const [folder, certDir] = [join(directory, ...below), join(directory, 'certs')];
    const authorityPem = (await openAuthority({ directory: certDir })).certificatePem;
    const again: Kit['again'] = (more = {}) =>
      openTrustKit({
        authorityPem,
        upstreamCa: [],
        systemBundle: undefined,
        folder,
        certDir,
        ...more,
      });
    await body({ kit: again(), folder, certDir, authorityPem, again });
  });
}

const names = [
  'apt.conf',
  'bundle.pem',
  'ca.pem',
  'cacerts',
  'github.env',
  'install-ca.sh',
  'magneto.env',
  'magneto.ini',
  'magneto.sh',
  'truststore.jks',
  'truststore.p12',
  'wgetrc',
];

async function modesOf(folder: string): Promise<readonly number[]> {
  const files = (await readdir(folder)).map((name) => join(folder, name));
  return Promise.all(files.map(async (file) => (await stat(file)).mode & 0o777));
}

describe('the kit', () => {
  test('is written whole, for all to read, whatever the umask is', async () => {
    await withKit(async ({ kit, folder }) => {
      const before = process.umask(0o077);
      try {
        expect([...(await kit.write())].toSorted()).toEqual(names);
      } finally {
        process.umask(before);
      }
      expect((await readdir(folder)).toSorted()).toEqual(names);
      expect(new Set(await modesOf(folder))).toEqual(new Set([0o644]));
      expect((await stat(folder)).mode & 0o777).toBe(0o755);
    });
  });

  test('is written once, and again what has changed', async () => {
    await withKit(async ({ kit, folder, again }) => {
      await kit.write();
      const { ino } = await stat(join(folder, 'bundle.pem'));
      expect(await again().write()).toEqual([]);
      expect(await stat(join(folder, 'bundle.pem'))).toMatchObject({ ino });
      await writeFile(join(folder, 'magneto.sh'), 'rm -rf /');
      await chmod(join(folder, 'cacerts'), 0o600);
      expect([...(await again().write())].toSorted()).toEqual(['cacerts', 'magneto.sh']);
    });
  });

  test('leaves what others put there', async () => {
    await withKit(async ({ kit, folder }) => {
      await mkdir(folder);
      await writeFile(join(folder, 'notes.txt'), 'mine', { mode: 0o600 });
      await kit.write();
      expect(await readFile(join(folder, 'notes.txt'), 'latin1')).toBe('mine');
      expect((await stat(join(folder, 'notes.txt'))).mode & 0o777).toBe(0o600);
    });
  });

  test('has the CA alone, and with all that the system and the user trust', async () => {
    await withKit(async ({ again, authorityPem, folder }) => {
      const added = (await openAuthority({ directory: `${folder}-added` })).certificatePem;
      const kit = again({ upstreamCa: [added] });
      const certificates = async (name: string): Promise<readonly string[]> =>
        readCertificates(String(await kit.file(name))).map(String);
      expect(await certificates('ca.pem')).toEqual([authorityPem]);
      const bundle = await certificates('bundle.pem');
      expect(bundle[0]).toBe(authorityPem);
      expect(bundle).toContain(added);
      expect(bundle.length).toBeGreaterThan(50);
    });
  });

  test('takes the bundle that SSL_CERT_FILE names for the system’s, but never its own', async () => {
    await withKit(async ({ again, kit, folder }) => {
      const own = (await openAuthority({ directory: `${folder}-system` })).certificatePem;
      await writeFile(`${folder}-bundle.pem`, own);
      const small = await again({ systemBundle: `${folder}-bundle.pem` }).file('bundle.pem');
      expect(readCertificates(String(small))).toHaveLength(2);
      await mkdir(folder);
      await writeFile(join(folder, 'bundle.pem'), own);
      const same = await again({ systemBundle: join(folder, 'bundle.pem') }).file('bundle.pem');
      expect(same?.equals((await kit.file('bundle.pem')) ?? Buffer.alloc(0))).toBe(true);
    });
  });

  test('has no file that nobody knows, and without a folder none that would name one', async () => {
    await withKit(async ({ kit, authorityPem, certDir }) => {
      for (const name of ['', 'ca.key', '../ca.key', 'constructor']) {
        expect(await kit.file(name)).toBeUndefined();
      }
      const source = { authorityPem, upstreamCa: [], systemBundle: undefined, certDir };
      const homeless = openTrustKit({ ...source, folder: undefined });
      expect(await homeless.write()).toEqual([]);
      expect(await homeless.file('magneto.env')).toBeUndefined();
      expect(String(await homeless.file('install-ca.sh'))).toContain('#!/bin/sh');
    });
  });
});

describe('in a folder that others can write to', () => {
  test('a link is replaced, and what it leads to stays as it is', async () => {
    await withKit(async ({ kit, folder, certDir }) => {
      await mkdir(folder);
      const key = join(certDir, 'ca.key');
      const secret = await readFile(key, 'latin1');
      await symlink(key, join(folder, 'bundle.pem'));
      await kit.write();
      expect(await readFile(key, 'latin1')).toBe(secret);
      expect(await readFile(join(folder, 'bundle.pem'), 'latin1')).toContain('BEGIN CERTIFICATE');
    });
  });

  test('a pipe does not hold it up', async () => {
    await withKit(async ({ kit, folder }) => {
      await mkdir(folder);
      await run('mkfifo', join(folder, 'ca.pem'));
      await kit.write();
      expect(await readFile(join(folder, 'ca.pem'), 'latin1')).toContain('BEGIN CERTIFICATE');
    });
  });
});

describe('a folder that will not do', () => {
  test.each([[['certs']], [[]], [['certs', '..', 'certs']]])(
    'because the key lies in it: %j',
    async (below) => {
      await withKit(async ({ kit }) => {
        await expect(kit.write()).rejects.toMatchObject({ code: 'TRUST_FOLDER_PRIVATE' });
      }, below);
    },
  );

  test('because the key lies in it, by a link', async () => {
    await withKit(async ({ kit, folder, certDir }) => {
      await symlink(certDir, folder);
      await expect(kit.write()).rejects.toMatchObject({ code: 'TRUST_FOLDER_PRIVATE' });
      expect((await readdir(certDir)).toSorted()).toEqual(['ca.key', 'ca.pem']);
    });
  });

  test('because it is a file, or a folder stands where a file belongs', async () => {
    await withKit(async ({ kit, folder, again }) => {
      await writeFile(folder, '');
      await expect(kit.write()).rejects.toMatchObject({ code: 'TRUST_UNWRITABLE' });
      await run('rm', folder);
      await mkdir(join(folder, 'cacerts', 'full'), { recursive: true });
      await expect(again().write()).rejects.toThrow(/^\/.*\/trust: /);
      expect((await readdir(folder)).filter((name) => !names.includes(name))).toEqual([]);
    });
  });
});

describeWhere({ ok: process.getuid?.() === 0, reason: 'it takes root' }, 'another user', () => {
  test('who may not write there is named, and so is the folder', async () => {
    await withKit(async ({ kit, folder }) => {
      await mkdir(folder);
      process.seteuid?.(1000);
      try {
        await expect(kit.write()).rejects.toMatchObject({ code: 'TRUST_UNWRITABLE' });
        await expect(kit.write()).rejects.toThrow(
          /^\/.*\/trust: EACCES, .*magneto runs as \d+:\d+/,
        );
      } finally {
        process.seteuid?.(0);
      }
    });
  });

  test('who may not write there need not, where all is as it should be', async () => {
    await withKit(async ({ kit, folder, again }) => {
      await kit.write();
      await chmod(join(folder, '..'), 0o755);
      process.seteuid?.(1000);
      try {
        expect(await again().write()).toEqual([]);
      } finally {
        process.seteuid?.(0);
      }
    });
  });
});

describe('no private key', () => {
  /** Whether a key, in any of its forms, is somewhere in some bytes. */
  function holdsKey(bytes: Buffer, keyPem: string): boolean {
    const key = createPrivateKey(keyPem);
    const { d = '', p = '' } = key.export({ format: 'jwk' });
    const secrets = [d, p].map((text) => Buffer.from(text, 'base64url'));
    const hidden = secrets.some((secret) => bytes.includes(secret));
    // Keys of others as well: PEM of any sort, and the bags of a PKCS#12 that hold keys (10.1.1, 10.1.2).
    const bags = ['060b2a864886f70d010c0a0101', '060b2a864886f70d010c0a0102'];
    const text = bytes.toString('latin1');
    const lines = keyPem.split('\n').slice(1, -2);
    return (
      hidden ||
      /PRIVATE KEY/.test(text) ||
      lines.some((line) => text.includes(line)) ||
      bags.some((bag) => bytes.includes(Buffer.from(bag, 'hex')))
    );
  }

  test('is in any file, before a rotation and after it', async () => {
    await withKit(async ({ kit, folder, certDir, again }) => {
      const keys = [await readFile(join(certDir, 'ca.key'), 'latin1')];
      await kit.write();
      await rotateAuthority({ directory: certDir, names: undefined, overlapDays: 9 });
      const rotated = await readFile(join(certDir, 'ca.key'), 'latin1');
      keys.push(/-----BEGIN PRIVATE KEY[^]*END PRIVATE KEY-----\n/.exec(rotated)?.[0] ?? '');
      await again().write();
      const { certificatePem } = await openAuthority({ directory: certDir });
      await writeFile(join(folder, 'also-what-clients-are-told'), certificatePem);
      for (const key of keys) {
        expect(holdsKey(Buffer.from(key), key)).toBe(true);
        for (const name of await readdir(folder)) {
          expect([name, holdsKey(await readFile(join(folder, name)), key)]).toEqual([name, false]);
        }
      }
    });
  });
});

describeWhere(program('keytool', '-help'), 'keytool', () => {
  test('finds in the rotated stores both CAs, and the roots', async () => {
    await withKit(async ({ certDir, folder }) => {
      await rotateAuthority({ directory: certDir, names: undefined, overlapDays: 9 });
      const { certificatePem } = await openAuthority({ directory: certDir });
      const source = { authorityPem: certificatePem, upstreamCa: [], systemBundle: undefined };
      await openTrustKit({ ...source, folder, certDir }).write();
      for (const name of ['truststore.jks', 'truststore.p12', 'cacerts']) {
        const file = join(folder, name);
        const listed = await run('keytool', '-list', '-keystore', file, '-storepass', 'changeit');
        const own = readCertificates(certificatePem);
        expect(own).toHaveLength(2);
        for (const { fingerprint256 } of own) expect(listed).toContain(fingerprint256);
        expect(listed.match(/trustedCertEntry/g)?.length).toBeGreaterThan(50);
      }
    });
  }, 60_000);
});
