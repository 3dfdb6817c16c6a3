import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import forge from 'node-forge';
import { readUpstreamFiles } from '../src/upstream-files.ts';

let folder = '';
const [first = '', second = ''] = rootCertificates;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'magneto-pem-'));
  const script = `
    set -e; cd "$0"
    for name in one two; do
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \\
        -subj "/CN=$name" -keyout $name.key -out $name.pem
    done
    cat two.pem one.pem one.key >both.pem
    openssl pkey -in one.key -aes128 -passout pass:hunter2 -out encrypted.key
    openssl ec -in one.key -aes128 -passout pass:hunter2 -out encrypted-old.key`;
  execFileSync('sh', ['-c', script, folder], { stdio: 'ignore' });
  const dayMs = 86_400_000;
  file('late.pem', selfSigned(Date.now() - 2 * dayMs, Date.now() - dayMs));
  file('early.pem', selfSigned(Date.now() + dayMs, Date.now() + 2 * dayMs));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A certificate and its key, good from one time to another. */
function selfSigned(from: number, to: number): string {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const made = forge.pki.createCertificate();
  made.publicKey = forge.pki.publicKeyFromPem(publicKey);
  made.validity.notBefore = new Date(from);
  made.validity.notAfter = new Date(to);
  made.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
  return forge.pki.certificateToPem(made) + privateKey;
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('authorities', () => {
  test('are read, each file with all its certificates and nothing else', () => {
    const one = file('ca-one.pem', `a comment\n${first}\n-- and more --\n${second}\n`);
    const two = file('ca-two.pem', second);
    const read = readUpstreamFiles({ upstreamCa: [one, two], upstreamClientCerts: [] });
    expect(read.failures).toEqual([]);
    expect(read.upstreamCa.map((pem) => pem.split('BEGIN').length - 1)).toEqual([2, 1]);
    expect(new X509Certificate(read.upstreamCa[1] ?? '').raw).toEqual(
      new X509Certificate(second).raw,
    );
    expect(read.upstreamCa.join('')).not.toContain('comment');
  });

  test('are named where they are missing, folders, empty or broken; the others are read', () => {
    const good = file('good.pem', first);
    for (const [path, words] of [
      [join(folder, 'none.pem'), 'cannot be read (ENOENT)'],
      [folder, 'cannot be read (EISDIR)'],
      [file('empty.pem', 'hello'), 'holds no PEM certificate'],
      [file('broken.pem', first.replaceAll(/MI/g, 'AA')), 'cannot be parsed'],
    ] as const) {
      const read = readUpstreamFiles({ upstreamCa: [path, good], upstreamClientCerts: [] });
      expect(read.failures).toMatchObject([{ code: 'UPSTREAM_CA_INVALID' }]);
      expect(read.failures[0]?.message).toContain(`MAGNETO_UPSTREAM_CA names ${path}: `);
      expect(read.failures[0]?.message).toContain(words);
      expect(read.upstreamCa).toHaveLength(1);
    }
  });
});

describe('client certificates', () => {
  const readPair = (certificate: string, key: string): ReturnType<typeof readUpstreamFiles> => {
    const [certificateFile, keyFile] = [join(folder, certificate), join(folder, key)];
    return readUpstreamFiles({
      upstreamCa: [],
      upstreamClientCerts: [{ host: '*.a.test', certificateFile, keyFile }],
    });
  };

  test('are read, the one that fits the key first', () => {
    const { failures, clientCertificates } = readPair('both.pem', 'both.pem');
    expect(failures).toEqual([]);
    const [read] = clientCertificates;
    expect(read?.host).toBe('*.a.test');
    expect(read?.key).toContain('BEGIN PRIVATE KEY');
    const pems = read?.certificate.split('-----END CERTIFICATE-----') ?? [];
    const [one] = readPair('one.pem', 'one.key').clientCertificates;
    expect(`${pems[0]}-----END CERTIFICATE-----`).toBe(one?.certificate.trim());
    expect(pems).toHaveLength(3);
  });

  test.each([
    ['none.pem', 'one.key', 'none.pem', 'cannot be read (ENOENT)'],
    ['one.pem', 'none.key', 'none.key', 'cannot be read (ENOENT)'],
    ['one.pem', 'two.key', 'two.key', 'fits no certificate of'],
    ['one.pem', 'one.pem', 'one.pem', 'holds no PEM key'],
    ['one.key', 'one.key', 'one.key', 'holds no PEM certificate'],
    ['one.pem', 'encrypted.key', 'encrypted.key', 'is encrypted'],
    ['one.pem', 'encrypted-old.key', 'encrypted-old.key', 'is encrypted'],
    ['late.pem', 'late.pem', 'late.pem', 'expired on'],
    ['early.pem', 'early.pem', 'early.pem', 'is not valid before'],
  ])('%s with %s: %s is named, and that it %s', (...[certificate, key, named, words]) => {
    const { failures, clientCertificates } = readPair(certificate, key);
    expect(clientCertificates).toEqual([]);
    expect(failures).toMatchObject([{ code: 'UPSTREAM_CLIENT_CERT_INVALID' }]);
    const message = failures[0]?.message ?? '';
    expect(message).toContain(`names ${join(folder, named)} for *.a.test: `);
    expect(message).toContain(words);
  });

  test('of a broken key tell nothing of what stands in it', () => {
    file('broken.key', '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n');
    const [failure] = readPair('one.pem', 'broken.key').failures;
    expect(failure?.message).toContain('holds a key that cannot be parsed');
    expect(failure?.cause).toBeUndefined();
  });
});
