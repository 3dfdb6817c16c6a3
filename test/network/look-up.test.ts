import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { lookUp } from '../../src/network/look-up.ts';
import { writeAnswer } from '../../src/support/dns-finding.ts';
import { readQuestion } from '../../src/support/dns-message.ts';
import { found, withNameServer } from '../support/name-server.ts';

let folder = '';

/** Knows `api` over IPv4, and says nothing of `silent`. */
function answerTo(message: Buffer): readonly Buffer[] {
  const question = readQuestion(message);
  if (question === undefined || question.name === 'silent') return [];
  const known = question.name === 'api';
  const addresses = known && question.type === 'A' ? ['10.0.0.7', '10.0.0.8'] : [];
  const finding = found(question, addresses, known ? 'NOERROR' : 'NXDOMAIN');
  return [writeAnswer(message, finding)];
}

/** Looks up with a hosts file of the test's own, and its server. */
async function lookedUp(name: string, hosts?: string): Promise<readonly string[]> {
  const hostsFile = join(folder, hosts === undefined ? 'none' : 'hosts');
  if (hosts !== undefined) await writeFile(hostsFile, hosts);
  let looked: readonly string[] = [];
  await withNameServer(answerTo, async ({ port }) => {
    looked = await lookUp(name, { hostsFile, servers: [`127.0.0.1:${port}`] });
  });
  return looked;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'magneto-hosts-'));
});

afterAll(() => rm(folder, { recursive: true }));

test('the hosts file comes first', async () => {
  const hosts = '127.0.0.1 localhost\n10.1.1.1\tother Api # api2\nfd00::1 api\n# 9.9.9.9 api\n';
  expect(await lookedUp('API', hosts)).toEqual(['10.1.1.1', 'fd00::1']);
  expect(await lookedUp('api2', hosts)).toEqual([]);
});

test('the resolver is asked where there is none, or the name is not in it', async () => {
  expect(await lookedUp('api')).toEqual(['10.0.0.7', '10.0.0.8']);
  expect(await lookedUp('nobody')).toEqual([]);
});

test('a resolver that says nothing is not waited for', async () => {
  const startedAt = performance.now();
  expect(await lookedUp('silent')).toEqual([]);
  expect(performance.now() - startedAt).toBeLessThan(3_000);
});

test('this machine is known by its name', async () => {
  expect(await lookUp('localhost')).toContain('127.0.0.1');
});
