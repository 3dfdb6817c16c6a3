import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseResolvConf, readResolvConf } from '../../src/network/resolv-conf.ts';

test('servers come in order, and the last search list counts', () => {
  const text = `# nameserver 9.9.9.9
nameserver 127.0.0.11 ; Docker's
nameserver\tfd00::53
nameserver none
domain old.test
search Svc.Cluster.local. lan
options ndots:0`;
  expect(parseResolvConf(text)).toEqual({
    servers: ['127.0.0.11', 'fd00::53'],
    search: ['svc.cluster.local', 'lan'],
  });
});

test('a file is read; one that is not there says nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'magneto-resolv-'));
  const file = join(folder, 'resolv.conf');
  writeFileSync(file, 'nameserver 10.0.0.1\n');
  expect(readResolvConf(file).servers).toEqual(['10.0.0.1']);
  rmSync(folder, { recursive: true });
  expect(readResolvConf(file)).toEqual({ servers: [], search: [] });
});
