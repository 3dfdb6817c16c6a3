import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CounterReader } from '../../src/capture/counter-reader.ts';
import { openCounters, parseCounters } from '../../src/capture/counter-reader.ts';

const whole = {
  tcpBypassed: 1,
  udpPassed: 2,
  udpRejected: 3,
  quicRejected: 4,
  otherPassed: 5,
  sealed: 6,
  captured: 7,
};

describe('a line of counters', () => {
  test('is read as it is', () => {
    expect(parseCounters(JSON.stringify({ ...whole, more: 1 }))).toEqual(whole);
  });

  test.each([-1, 1.5, '1', null, true, 1e300])('has no number in %j', (value) => {
    expect(parseCounters(JSON.stringify({ ...whole, sealed: value }))?.sealed).toBeNull();
  });

  test('leaves open what it does not say', () => {
    expect(parseCounters('{"captured":7}')).toEqual({
      tcpBypassed: null,
      udpPassed: null,
      udpRejected: null,
      quicRejected: null,
      otherPassed: null,
      sealed: null,
      captured: 7,
    });
  });

  test.each(['', 'x', '[]', 'null', '7'])('is not %j', (line) => {
    expect(parseCounters(line)).toBeNull();
  });
});

describe('the way to the counters', () => {
  let folder = '';
  let counters: CounterReader | undefined;
  let children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'magneto-counters-'));
    execFileSync('mkfifo', [join(folder, 'ask'), join(folder, 'answer')]);
  });

  afterEach(() => {
    counters?.close();
    for (const child of children) child.kill('SIGKILL');
    children = [];
    rmSync(folder, { recursive: true, force: true });
  });

  /** A shell at the other ends of two FIFOs, as the entrypoint of the image is one. */
  function answering(script: string, limitMs: number): CounterReader {
    const child = spawn('sh', ['-c', `exec <>ask >answer; ${script}`], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.push(child);
    const open = (name: string): number =>
      openSync(join(folder, name), constants.O_RDWR | constants.O_NONBLOCK);
    counters = openCounters({ descriptors: [open('ask'), open('answer')], limitMs });
    return counters;
  }

  test('is one line there and one line back, each time anew', async () => {
    const reader = answering(
      'n=0; while read -r line; do n=$((n + 1)); echo "{\\"captured\\":$n}"; done',
      5_000,
    );
    expect(await reader.read()).toMatchObject({ captured: 1 });
    expect(await reader.read()).toMatchObject({ captured: 2 });
  });

  test('is asked once for all who wait', async () => {
    const reader = answering(
      'n=0; while read -r line; do sleep 0.1; n=$((n + 1)); echo "{\\"captured\\":$n}"; done',
      5_000,
    );
    const [one, other] = await Promise.all([reader.read(), reader.read()]);
    expect([one?.captured, other?.captured]).toEqual([1, 1]);
  });

  test('leads nowhere where nobody answers in time, and holds no thread meanwhile', async () => {
    const reader = answering('exec sleep 60', 150);
    const before = performance.now();
    // More than the pool has threads.
    const reads = [];
    for (let at = 0; at < 8; at += 1) {
      reads.push(reader.read());
      await sleep(10);
    }
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 8 }, () => null));
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  test('leads nowhere where what comes back is no line of counters', async () => {
    expect(await answering('read -r line; echo nothing', 5_000).read()).toBeNull();
  });

  test('leads nowhere once it is closed', async () => {
    const reader = answering('exec sleep 60', 5_000);
    const read = reader.read();
    reader.close();
    expect(await read).toBeNull();
    expect(await reader.read()).toBeNull();
  });
});

test('descriptors that are not open, or are files, are no way', () => {
  expect(() => openCounters({ descriptors: [987, 988] })).toThrow();
  const file = openSync('package.json', 'r');
  expect(() => openCounters({ descriptors: [file, file] })).toThrow(/file descriptor|fd/i);
  closeSync(file);
});
