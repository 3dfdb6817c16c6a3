import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect, test } from '@jest/globals';
import { readCertificates } from '../../src/tls/certificates.ts';
import { systemRoots } from '../../src/tls/system-roots.ts';
import { withDirectory } from './tools.ts';

const [one = '', other = ''] = rootCertificates;

test('the first bundle that has certificates is the system’s, the given one before all', async () => {
  await withDirectory(async (directory) => {
    const at = (name: string): string => join(directory, name);
    await writeFile(at('empty.pem'), 'nothing');
    await writeFile(at('one.pem'), one);
    await writeFile(at('other.pem'), other);
    const usual = [at('missing.pem'), at('empty.pem'), at('one.pem'), at('other.pem')];
    const found = async (given?: string): Promise<string> =>
      String(await systemRoots(given, usual));
    expect(await found()).toBe(String(readCertificates(one)));
    expect(await found(at('other.pem'))).toBe(String(readCertificates(other)));
    expect(await found(directory)).toBe(String(readCertificates(one)));
  });
});

test('without any, the authorities are those that come with Node', async () => {
  expect(await systemRoots(undefined, [])).toHaveLength(rootCertificates.length);
});
