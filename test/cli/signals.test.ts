import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { stopSignal } from '../../src/cli/signals.ts';
import type { StopSignal } from '../../src/cli/signals.ts';
import { FakeProcess } from './edge.ts';

describe('a signal to stop', () => {
  let edge: FakeProcess;
  let limits: number[];
  let signal: StopSignal;

  beforeEach(() => {
    edge = new FakeProcess();
    limits = [];
    signal = stopSignal(edge, { limitMs: 60, onLimit: (ms) => limits.push(ms) });
  });

  afterEach(() => signal.forget());

  test.each(['SIGTERM', 'SIGINT'])('%s is received, and ends nothing by itself', async (name) => {
    edge.emit(name);
    expect(await signal.received).toBe(name);
    expect(edge.exits).toEqual([]);
  });

  test.each([
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGINT', 'SIGTERM', 143],
    ['SIGTERM', 'SIGINT', 130],
  ])('%s and then %s ends the process at once with %i', (first, second, status) => {
    edge.emit(first);
    edge.emit(second);
    expect(edge.exits).toEqual([status]);
  });

  test('a wish that came another way is received, and has the same limit', async () => {
    signal.ask('POST /quit');
    signal.ask('POST /quit');
    expect(await signal.received).toBe('POST /quit');
    await sleep(120);
    expect(limits).toEqual([60]);
    expect(edge.exits).toEqual([1]);
  });

  test('a signal after it is the same wish; the one after that ends the process', () => {
    signal.ask('POST /quit');
    edge.emit('SIGTERM');
    expect(edge.exits).toEqual([]);
    edge.emit('SIGTERM');
    expect(edge.exits).toEqual([143]);
  });

  test('a wish after a signal, or after all is over, is none', async () => {
    edge.emit('SIGTERM');
    signal.ask('POST /quit');
    expect(await signal.received).toBe('SIGTERM');
    signal.forget();
    signal.ask('POST /quit');
    await sleep(120);
    expect(edge.exits).toEqual([]);
  });

  test('SIGINT that npm repeats at once is one wish; a later one is another', async () => {
    signal.forget();
    signal = stopSignal(edge, { limitMs: 10_000, onLimit: () => {} });
    edge.emit('SIGINT');
    edge.emit('SIGINT');
    expect(edge.exits).toEqual([]);
    await sleep(550);
    edge.emit('SIGINT');
    expect(edge.exits).toEqual([130]);
  });

  test('ends the process when stopping takes too long, and says so', async () => {
    edge.emit('SIGTERM');
    await sleep(100);
    expect(limits).toEqual([60]);
    expect(edge.exits).toEqual([1]);
  });

  test('is forgotten when all is done', async () => {
    edge.emit('SIGTERM');
    signal.forget();
    edge.emit('SIGTERM');
    await sleep(100);
    expect(edge.exits).toEqual([]);
    // Without a listener a late echo would end the process by the signal.
    expect(edge.listenerCount('SIGTERM')).toBe(1);
  });

  test('leaves no listener where no signal came', () => {
    signal.forget();
    expect(edge.listenerCount('SIGTERM') + edge.listenerCount('SIGINT')).toBe(0);
  });
});
