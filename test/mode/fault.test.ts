import type { Parts } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import { describe, expect, test } from '@jest/globals';
import type { Fault, FaultEffect } from '../../src/exchange/fault.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { faulty } from '../../src/mode/fault.ts';
import { record } from '../../src/record/record.ts';
import {
  answer,
  ask,
  askStream,
  destination,
  memoryLog,
  parts,
  read,
  settling,
  until,
  upstreamOf,
} from './harness.ts';

const always = (effect: FaultEffect): Fault => ({ effect, percent: 100 });

async function met(
  effects: readonly FaultEffect[],
  exchange = ask().exchange,
): Promise<{ readonly got: Answer; readonly asked: number; readonly slept: readonly number[] }> {
  const slept: number[] = [];
  const behind = upstreamOf(() => answer({ body: Buffer.from('body'), outcome: 'replayed' }));
  const rules = [{ hosts: '*', faults: effects.map(always) }];
  const upstream = faulty(behind, { rules, seed: 's' }, async (ms) => void slept.push(ms));
  const got = await upstream.open(exchange);
  return { got, asked: behind.asked.length, slept };
}

test('without rules it is the upstream itself', () => {
  const behind = upstreamOf(() => answer());
  expect(faulty(behind, { rules: [], seed: '' })).toBe(behind);
});

describe('what takes the place of an answer uses none up', () => {
  test.each<[FaultEffect, object]>([
    [{ type: 'refuse' }, { ending: { type: 'refused' } }],
    [{ type: 'reset' }, { ending: { type: 'reset', by: 'server' } }],
    [{ type: 'rst', code: 7 }, { ending: { type: 'reset', by: 'server', code: 7 } }],
    [{ type: 'goaway', code: 1 }, { ending: { type: 'goaway', code: 1 } }],
    [
      { type: 'status', status: 503 },
      { head: { status: 503 }, ending: { type: 'finished' } },
    ],
  ])('%j', async (effect, expected) => {
    const { got, asked } = await met([effect]);
    expect(got).toMatchObject({ ...expected, outcome: 'faulted', fault: effect.type });
    expect(asked).toBe(0);
  });

  test('a gRPC status is for gRPC, and an HTTP status for HTTP', async () => {
    const status = { type: 'grpc', status: 14 } as const;
    const call = ask({ method: 'POST', headers: [['content-type', 'application/grpc+proto']] });
    const { got } = await met([status], call.exchange);
    expect(got.head?.headers).toContainEqual(['grpc-status', '14']);
    const other = (await met([status])).got;
    expect(other.outcome).toBe('replayed');
    // Nor is it counted.
    expect(other).not.toHaveProperty('fault');
    const raw = await met([{ type: 'status', status: 500 }], askStream() as never);
    expect(raw.got.outcome).toBe('replayed');
    expect(raw.got).not.toHaveProperty('fault');
  });

  test('a time-out lasts for as long as the client waits', async () => {
    const { exchange, leave } = ask();
    const answering = met([{ type: 'timeout' }], exchange);
    const first = await Promise.race([
      answering,
      new Promise((resolve) => setTimeout(resolve, 20)),
    ]);
    expect(first).toBeUndefined();
    leave({ type: 'cut', by: 'client' });
    expect((await answering).got.ending).toEqual({ type: 'cut', by: 'client' });
  });
});

test('a pause comes before the head, and the answer stays what it was', async () => {
  const latency = { type: 'latency', of: { shape: 'fixed', ms: 30 } } as const;
  const { got, slept } = await met([latency]);
  expect(slept).toEqual([30]);
  expect(got).toMatchObject({ outcome: 'replayed', fault: 'latency' });
  expect(await read(got.body)).toBe('body');
});

test('an attempt to connect is refused', async () => {
  const rules = [{ hosts: '*', faults: [always({ type: 'refuse' })] }];
  const offer = await faulty(
    upstreamOf(() => answer()),
    { rules, seed: '' },
  ).offer(destination);
  expect(offer).toEqual({ type: 'ended', ending: { type: 'refused' }, outcome: 'faulted' });
});

test('a recording behind it has the whole answer, though the client was cut off', async () => {
  const { options, written } = memoryLog();
  const network = upstreamOf(() => answer({ body: parts('ab', 'cd', 'ef') }));
  const rules = [{ hosts: '*', faults: [always({ type: 'truncate', afterBytes: 3 })] }];
  const { exchange, leave } = ask();
  const got = await faulty(record(network, options), { rules, seed: '' }).open(exchange);
  expect(await read(got.body)).toBe('abc');
  expect(await got.ending).toEqual({ type: 'cut', by: 'server' });
  leave({ type: 'cut', by: 'client' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(written).toMatchObject([{ ending: { type: 'finished' } }]);
  expect(written[0]?.response?.body?.toString()).toBe('abcdef');
});

test('a conversation that is cut off is recorded as one that its client left', async () => {
  const { options, written } = memoryLog();
  const rules = [{ hosts: '*', faults: [always({ type: 'reset', afterBytes: 1 })] }];
  const { exchange, leave } = ask({ kind: 'websocket', body: parts() });
  const text = Buffer.from([0x81, 1, 0x61]);
  const { body, ending } = settling(partsFrom(text, text), finished);
  const network = upstreamOf(() => answer({ head: switching, body, ending, framing: 'raw' }));
  const got = await faulty(record(network, options), { rules, seed: '' }).open(exchange);
  await read(got.body);
  expect(await got.ending).toEqual({ type: 'reset', by: 'server' });
  leave({ type: 'cut', by: 'client' });
  await until(() => written.length > 0, 'the write');
  expect(written).toMatchObject([{ ending: { type: 'cut', by: 'client' } }]);
});

const switching = { status: 101, statusText: '', httpVersion: '1.1', headers: [] } as const;

async function* partsFrom(...pieces: readonly Buffer[]): Parts {
  for (const bytes of pieces) yield { atMs: 0, kind: 'data', bytes };
}
