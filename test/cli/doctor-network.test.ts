import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { ProbeResult } from '../../src/capture/capture.ts';
import { captureRow, connects, controlRow, rulesRow } from '../../src/cli/doctor-network.ts';
import { portOf } from '../end-to-end/origin.ts';

// Routes and names are looked at in a network namespace: test/netns/doctor.test.ts.

describe('the control plane', () => {
  const facts = { mode: 'auto', acts: 'record', cassette: 'c', run: 'r' };
  test.each([
    [{}, 'fail', /nobody answers at here/],
    [{ ...facts, status: 'ready' }, 'ok', /mode auto \(now: record\), cassette c, run r/],
    [{ ...facts, status: 'unready', reason: 'starting' }, 'fail', /not ready: starting/],
  ])('%j: %s', (health, status, words) => {
    const row = controlRow(health, 'here');
    expect(row.status).toBe(status);
    expect(row.words).toMatch(words);
  });
});

describe('the rules', () => {
  test.each([
    [{ known: false, families: [] }, false, 'unknown'],
    [{ known: true, families: [] }, false, 'fail'],
    [{ known: true, families: [] }, true, 'ok'],
    [{ known: true, families: ['v4'], backend: 'nft' }, false, 'ok'],
  ] as const)('%j, a proxy named: %s', (standing, explicit, status) => {
    expect(rulesRow({ ...standing, text: '' }, explicit).status).toBe(status);
  });
});

test('of test connections that fail the first is told, with what mends it', () => {
  const probe = { family: 'v6', address: '2001:db8::2', port: 443 } as const;
  const right: ProbeResult = { probe, verdict: 'right', words: 'captured' };
  expect(captureRow([right])).toMatchObject({ status: 'ok', words: '1 of 1 test connections' });
  const row = captureRow([right, { probe, verdict: 'refused', words: 'was refused' }]);
  expect(row).toMatchObject({ status: 'fail', add: expect.stringContaining('MAGNETO_HOST') });
  expect(row.words).toMatch(/^1 of 2 test connections fail: IPv6 port 443 was refused; /);
});

test('a connection comes about, or does not', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  expect(await connects('127.0.0.1', port)).toBe(true);
  server.close();
  await once(server, 'close');
  expect(await connects('127.0.0.1', port)).toBe(false);
});
