import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Appliance } from '../../src/appliance.ts';
import { serve } from '../../src/cli/serve.ts';
import type { Serving } from '../../src/cli/serve.ts';
import { Failure } from '../../src/exchange/failure.ts';
import { createJournal, receipt } from '../../src/journal/journal.ts';
import { FakeProcess, keeper } from './edge.ts';

const finalReceipt = receipt(createJournal(), {
  mode: 'auto',
  cassette: 'default',
  loaded: 0,
  records: false,
  unused: 0,
  unfinished: false,
  cassetteDigest: null,
  sealedReplay: false,
  bypassed: null,
});

function appliance(own: Partial<Appliance>): Appliance {
  return {
    addresses: {
      proxy: [{ host: '127.0.0.1', port: 1 }],
      control: [{ host: '127.0.0.1', port: 2 }],
    },
    certificateFile: 'ca.pem',
    status: () => ({ ready: true, mode: 'auto', acts: 'record', cassette: 'x', interactions: 0 }),
    receipt: () => finalReceipt,
    stop: () => Promise.resolve({ receipt: finalReceipt, exitStatus: 0 }),
    ...own,
  };
}

interface Run {
  readonly edge: FakeProcess;
  readonly ended: Promise<number>;
  readonly screen: () => string;
  readonly log: () => readonly Readonly<Record<string, unknown>>[];
}

function run(own: Partial<Appliance>, more: Partial<Serving> = {}): Run {
  const edge = new FakeProcess();
  const [stderr, log] = [keeper(), keeper()];
  const streams = { stdout: keeper(), stderr, log };
  const start = (): Promise<Appliance> => Promise.resolve(appliance(own));
  const ended = serve({ env: {}, streams, edge, start, ...more });
  const lines = (): readonly string[] => log.text().split('\n').filter(Boolean);
  return {
    edge,
    ended,
    screen: stderr.text,
    log: () => lines().map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('serve', () => {
  test('shows where it is, stops when told, and ends as the run did', async () => {
    const stop = (): ReturnType<Appliance['stop']> =>
      Promise.resolve({ receipt: finalReceipt, exitStatus: 3 });
    const { edge, ended, screen, log } = run({ stop });
    await sleep(10);
    expect(screen()).toContain('curl --proxy http://127.0.0.1:1 ');
    edge.emit('SIGTERM');
    expect(await ended).toBe(3);
    expect(log().map(({ msg }) => msg)).toEqual(['serving', 'stopping']);
    expect(edge.exits).toEqual([]);
    expect(edge.eventNames()).toEqual(['SIGINT', 'SIGTERM']);
  });

  test('says in the log what is to be said of the settings', async () => {
    const env = { MAGNETO_PORT: 'tcp://10.0.0.1:80' };
    const { edge, ended, log } = run({}, { env });
    edge.emit('SIGTERM');
    await ended;
    expect(log()[0]).toMatchObject({ level: 'warn', msg: expect.stringContaining('MAGNETO_PORT') });
  });

  test('passes on why it cannot start', async () => {
    const start = (): Promise<Appliance> => Promise.reject(new Failure('PORT_TAKEN', 'port 1'));
    const { ended, edge, screen } = run({}, { start });
    await expect(ended).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    expect(screen()).toBe('');
    expect(edge.eventNames()).toEqual([]);
    await expect(run({}, { env: { MAGNETO_MODE: 'x' } }).ended).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
  });

  test('is 1 when stopping fails', async () => {
    const stop = (): never => {
      throw new Failure('RECORDING_FAILED', 'the disk is full');
    };
    const { edge, ended, log } = run({ stop });
    edge.emit('SIGINT');
    expect(await ended).toBe(1);
    expect(log().at(-1)).toMatchObject({ level: 'error', code: 'RECORDING_FAILED' });
  });

  test('ends the process when stopping hangs', async () => {
    const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<Appliance['stop']>>>();
    const { edge, ended, log } = run({ stop: () => promise }, { stopLimitMs: 30 });
    edge.emit('SIGTERM');
    await sleep(80);
    expect(edge.exits).toEqual([1]);
    expect(log().at(-1)).toMatchObject({ level: 'fatal', msg: expect.stringContaining('30 ms') });
    resolve({ receipt: finalReceipt, exitStatus: 0 });
    await ended;
  });

  test.each(['uncaughtException', 'unhandledRejection'])(
    'dies of a bug (%s), loudly',
    async (event) => {
      const { edge, ended, log } = run({});
      await sleep(10);
      edge.emit(event, new TypeError('boom'));
      expect(edge.exits).toEqual([70]);
      expect(log().at(-1)).toMatchObject({
        level: 'fatal',
        err: { message: 'boom', stack: expect.stringContaining('serve.test.ts') },
      });
      edge.emit('SIGTERM');
      await ended;
    },
  );

  test('lets a bug in stopping through', async () => {
    const stop = (): never => {
      throw new TypeError('boom');
    };
    const { edge, ended } = run({ stop });
    edge.emit('SIGTERM');
    await expect(ended).rejects.toThrow(TypeError);
  });
});
