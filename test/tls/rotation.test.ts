import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { readCertificates } from '../../src/tls/certificates.ts';
import type { Authority } from '../../src/tls/tls.ts';
import { openAuthority, rotateAuthority } from '../../src/tls/tls.ts';
import { describeWhere } from '../skip.ts';
import { program, run, withDirectory, withTlsServer } from './tools.ts';

const dayMs = 86_400_000;
const names = undefined;

interface Rotated {
  readonly directory: string;
  readonly old: Authority;
  readonly now: Authority;
  /** A file that trusts: only the old CA, only the new one, or what the kit says. */
  readonly trusting: (who: 'old' | 'new' | 'both') => Promise<string>;
}

/** A CA and the one that came after it. */
async function withRotated(
  overlapDays: number,
  body: (rotated: Rotated) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const old = await openAuthority({ directory });
    await rotateAuthority({ directory, names, overlapDays });
    const now = await openAuthority({ directory });
    const [fresh = ''] = readCertificates(now.certificatePem).map(String);
    const files = { old: old.certificatePem, new: fresh, both: now.certificatePem };
    const trusting = async (who: keyof typeof files): Promise<string> => {
      const file = join(directory, `${who}.pem`);
      await writeFile(file, files[who]);
      return file;
    };
    await body({ directory, old, now, trusting });
  });
}

/** Runs a body when some days have gone by. */
async function later(days: number, body: () => Promise<void>): Promise<void> {
  const then = Date.now() + days * dayMs;
  const clock = jest.spyOn(Date, 'now').mockReturnValue(then);
  try {
    await body();
  } finally {
    clock.mockRestore();
  }
}

describe('a rotation', () => {
  test('leaves a new CA, clients are told of both, and no file beside', async () => {
    await withRotated(30, async ({ directory, old, now }) => {
      expect(now.fingerprint).not.toBe(old.fingerprint);
      const told = readCertificates(now.certificatePem).map((each) => each.fingerprint256);
      expect(told).toEqual([now.fingerprint, old.fingerprint]);
      expect(await readdir(directory)).toEqual(['ca.key', 'ca.pem']);
      expect(readCertificates(await readFile(join(directory, 'ca.pem'), 'latin1'))).toHaveLength(3);
    });
  });

  test('forgets the old CA when the overlap is over', async () => {
    await withRotated(30, async ({ directory, now }) => {
      await later(31, async () => {
        const { certificatePem, fingerprint } = await openAuthority({ directory });
        expect(fingerprint).toBe(now.fingerprint);
        expect(readCertificates(certificatePem)).toHaveLength(1);
      });
    });
  });

  test('without overlap forgets it at once, and the old key is nowhere', async () => {
    await withRotated(0, async ({ directory, now }) => {
      expect(readCertificates(now.certificatePem)).toHaveLength(1);
      const key = await readFile(join(directory, 'ca.key'), 'latin1');
      expect(key.match(/BEGIN [A-Z ]*PRIVATE KEY/g)).toHaveLength(1);
    });
  });

  test('makes a new CA of one whose time is up, for which nobody can vouch', async () => {
    await withDirectory(async (directory) => {
      await openAuthority({ directory });
      await later(11 * 365, async () => {
        await expect(openAuthority({ directory })).rejects.toThrow(/expired on .*trust rotate/);
        const { overlapUntil } = await rotateAuthority({ directory, names, overlapDays: 30 });
        expect(overlapUntil).toBeUndefined();
        expect(readCertificates((await openAuthority({ directory })).certificatePem)).toHaveLength(
          1,
        );
      });
    });
  });

  test('lays down the constraints that are wished for now', async () => {
    await withDirectory(async (directory) => {
      await openAuthority({ directory });
      const only = { dns: ['a.test'], ip: [] };
      await rotateAuthority({ directory, names: only, overlapDays: 1 });
      const now = await openAuthority({ directory, names: only });
      expect(now.refusal('b.test')).toMatchObject({ code: 'NAME_OUTSIDE_CA' });
    });
  });
});

describe('is refused', () => {
  const refused = { code: 'ROTATION_REFUSED' };

  test('where there is no CA', async () => {
    await withDirectory(async (directory) => {
      for (const nothing of [directory, join(directory, 'nowhere')]) {
        const asked = rotateAuthority({ directory: nothing, names, overlapDays: 1 });
        await expect(asked).rejects.toMatchObject(refused);
      }
      expect(await readdir(directory)).toEqual([]);
    });
  });

  test('while another one is under way, but not because one has died', async () => {
    await withDirectory(async (directory) => {
      await openAuthority({ directory });
      const lock = join(directory, '.ca.rotating');
      await writeFile(lock, '');
      const rotate = (): Promise<unknown> => rotateAuthority({ directory, names, overlapDays: 1 });
      await expect(rotate()).rejects.toMatchObject(refused);
      const longAgo = new Date(Date.now() - 61_000);
      await utimes(lock, longAgo, longAgo);
      await rotate();
      expect(await readdir(directory)).toEqual(['ca.key', 'ca.pem']);
    });
  });
});

test('of several that rotate and several that start at once, all know the pair that stands', async () => {
  await withDirectory(async (directory) => {
    await openAuthority({ directory });
    const rotations = [1, 2, 3].map(() => rotateAuthority({ directory, names, overlapDays: 1 }));
    const starts = [1, 2, 3, 4].map(() => openAuthority({ directory }));
    const ends = await Promise.allSettled([...rotations, ...starts]);
    const reasons = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []));
    for (const reason of reasons) expect(reason).toMatchObject({ code: 'ROTATION_REFUSED' });
    expect(reasons.length).toBeLessThan(3);
    const { certificatePem } = await openAuthority({ directory });
    const file = await readFile(join(directory, 'ca.pem'), 'latin1');
    expect(file).toContain(readCertificates(certificatePem).map(String)[0]);
  });
});

describeWhere(program('openssl', 'version'), 'openssl', () => {
  test('a CA that the user brought is his to replace', async () => {
    await withDirectory(async (directory) => {
      await mkdir(directory, { recursive: true });
      const [key, certificate] = [join(directory, 'ca.key'), join(directory, 'ca.pem')];
      const made = ['-keyout', key, '-out', certificate, '-subj', '/CN=Ours', '-days', '30'];
      await run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...made);
      const asked = rotateAuthority({ directory, names, overlapDays: 1 });
      await expect(asked).rejects.toThrow(/was not made by magneto \(CN=Ours\)/);
      expect(await readdir(directory)).toEqual(['ca.key', 'ca.pem']);
    });
  });

  test.each(['old', 'new', 'both'] as const)(
    'believes what a server sends, trusting %s',
    async (who) => {
      await withRotated(30, async ({ now, trusting }) => {
        const context = await now.contextFor('127.0.0.1');
        await withTlsServer({ context, host: '127.0.0.1' }, async (port) => {
          const trust = ['-CAfile', await trusting(who), '-verify_return_error', '-x509_strict'];
          const server = ['-connect', `127.0.0.1:${port}`, '-verify_ip', '127.0.0.1'];
          const said = run('openssl', 's_client', ...server, ...trust);
          expect(await said).toContain('Verify return code: 0 (ok)');
        });
      });
    },
  );

  test('of three CAs in a row, who trusts only the first believes the third', async () => {
    await withRotated(30, async ({ directory, trusting }) => {
      await rotateAuthority({ directory, names, overlapDays: 30 });
      const third = await openAuthority({ directory });
      const context = await third.contextFor('127.0.0.1');
      await withTlsServer({ context, host: '127.0.0.1' }, async (port) => {
        const trust = ['-CAfile', await trusting('old'), '-verify_return_error'];
        const said = run('openssl', 's_client', '-connect', `127.0.0.1:${port}`, ...trust);
        expect(await said).toContain('Verify return code: 0 (ok)');
      });
    });
  });
});

describeWhere(program('curl', '--version'), 'curl', () => {
  test.each([
    ['with an overlap', 30, { old: 'hello', new: 'hello', both: 'hello' }],
    ['without', 0, { old: 'refused', new: 'hello', both: 'hello' }],
  ] as const)('%s', async (_, overlapDays, expected) => {
    await withRotated(overlapDays, async ({ now, trusting }) => {
      const context = await now.contextFor('127.0.0.1');
      await withTlsServer({ context, host: '127.0.0.1' }, async (port) => {
        const got: Record<string, string> = {};
        for (const who of ['old', 'new', 'both'] as const) {
          const asked = ['-sS', '--noproxy', '*', '--cacert', await trusting(who)];
          const said = run('curl', ...asked, `https://127.0.0.1:${port}/`);
          got[who] = await said.catch((error: { code: number }) =>
            error.code === 60 ? 'refused' : 'lost',
          );
        }
        expect(got).toEqual(expected);
      });
    });
  });
});

test('the signing certificate is a root of its own', async () => {
  await withRotated(30, async ({ now }) => {
    const [first = ''] = readCertificates(now.certificatePem).map(String);
    const root = new X509Certificate(first);
    expect(root.verify(root.publicKey)).toBe(true);
  });
});
