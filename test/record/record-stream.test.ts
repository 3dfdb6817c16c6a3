import { describe, expect, test } from '@jest/globals';
import type { Body, Ending } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { StreamExchange } from '../../src/exchange/exchange.ts';
import { Failure } from '../../src/exchange/failure.ts';
import type { RecordOptions } from '../../src/record/commit.ts';
import { recordStream } from '../../src/record/record-stream.ts';
import {
  ask,
  lost,
  memoryLog,
  part,
  parts,
  read,
  settling,
  until,
  upstreamOf,
} from '../mode/harness.ts';

function exchangeOf(body: Body): StreamExchange {
  const { id, startedAt, signal, destination } = ask().exchange;
  return { kind: 'stream', id, startedAt, signal, destination, body };
}

/** Records a server that hears all and then says so, and ends. */
async function record(ending: Ending, changes: Partial<RecordOptions> = {}) {
  const log = memoryLog(changes);
  const upstream = upstreamOf(({ body }) => {
    async function* serve() {
      yield* parts(`heard ${await read(body)}`);
    }
    return { ...settling(serve(), ending), outcome: 'forwarded', framing: 'raw', alpn: 'x' };
  });
  const answer = await recordStream(upstream, log.options, exchangeOf(parts('a', 'b')));
  return { ...log, answer, said: await read(answer.body) };
}

test('what both sides said is written before the end leaves', async () => {
  const { answer, said, written } = await record(finished);
  expect(said).toBe('heard ab');
  expect(await answer.ending).toEqual(finished);
  expect(answer.outcome).toBe('recorded');
  expect(written).toMatchObject([
    {
      id: 'i000000',
      kind: 'stream',
      request: { method: '', path: '', destination: { host: 'far.test', port: 80 } },
      messages: [
        { from: 'client', kind: 'data', bytes: Buffer.from('ab') },
        { from: 'client', kind: 'end' },
        { from: 'server', kind: 'data', bytes: Buffer.from('heard ab') },
        { from: 'server', kind: 'end' },
      ],
      ending: finished,
      alpn: 'x',
    },
  ]);
});

test('a server that broke off has no last word', async () => {
  const { written } = await record({ type: 'reset', by: 'server' });
  expect(written[0]?.messages?.map(({ from, kind }) => `${from} ${kind}`)).toEqual([
    'client data',
    'client end',
    'server data',
  ]);
  expect(written[0]?.ending).toEqual({ type: 'reset', by: 'server' });
});

describe('what cannot be written', () => {
  const fail: RecordOptions['append'] = () =>
    Promise.reject(new Failure('RECORDING_FAILED', 'full'));

  test('passes, and is told of', async () => {
    const { answer, said, unrecorded } = await record(finished, { append: fail });
    expect([said, await answer.ending, answer.outcome]).toEqual([
      'heard ab',
      finished,
      'forwarded',
    ]);
    expect(unrecorded.map(({ code }) => code)).toEqual(['RECORDING_FAILED']);
  });

  test('is cut where nothing may pass unwritten', async () => {
    const { answer } = await record(finished, { append: fail, cutUnwritten: true });
    expect(await answer.ending).toEqual({ type: 'cut', by: 'server' });
    expect(answer.outcome).toBe('failed');
  });

  test('is cut short where it is too long', async () => {
    const { answer, said, written, unrecorded } = await record(finished, { bodyBytesMax: 4 });
    expect(said).toBe('heard ab');
    expect(answer.truncated).toBe('size');
    expect(written).toMatchObject([{ truncated: 'size', messages: [{ from: 'client' }, {}] }]);
    expect(unrecorded.map(({ code }) => code)).toEqual(['BODY_TOO_LARGE']);
  });
});

test('a server that is not there leaves nothing to record', async () => {
  const { options, written } = memoryLog();
  const answer = lost({ type: 'refused' });
  expect(
    await recordStream(
      upstreamOf(() => answer),
      options,
      exchangeOf(parts('a')),
    ),
  ).toBe(answer);
  expect(written).toEqual([]);
});

test('a client that goes on after the end of its server is heard to its own', async () => {
  const { options, written } = memoryLog();
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* patient() {
    yield* parts('a');
    await promise;
    yield* parts('b');
  }
  let heard: Promise<string> | undefined;
  const upstream = upstreamOf(({ body }) => {
    heard = read(body);
    return { ...settling(parts('1'), finished), outcome: 'forwarded' };
  });
  const answer = await recordStream(upstream, options, exchangeOf(patient()));
  expect(await read(answer.body)).toBe('1');
  expect(await answer.ending).toEqual(finished);
  expect(written).toEqual([]);
  resolve();
  expect(await heard).toBe('ab');
  await new Promise((go) => setImmediate(go));
  expect(written[0]?.messages?.at(-1)).toMatchObject({ from: 'client', kind: 'end' });
});

describe('after its time', () => {
  async function slow(changes: Partial<RecordOptions> = {}) {
    const log = memoryLog({ streamMsMax: 40, ...changes });
    const gate = Promise.withResolvers<void>();
    async function* serve() {
      yield* parts('early ');
      await gate.promise;
      yield part('late');
    }
    const upstream = upstreamOf(({ body }) => {
      void read(body);
      return { ...settling(serve(), finished), outcome: 'forwarded' };
    });
    const answer = await recordStream(upstream, log.options, exchangeOf(parts('a')));
    const reading = read(answer.body);
    await until(() => log.written.length > 0, 'the end of its time');
    gate.resolve();
    expect(await reading).toBe('early late');
    expect(await answer.ending).toEqual(finished);
    expect(log.written).toHaveLength(1);
    return { ...log, answer };
  }

  test('a stream goes on, and what was said until then is written at once', async () => {
    const { answer, written, unrecorded } = await slow();
    expect(answer).toMatchObject({ outcome: 'recorded', truncated: 'time' });
    expect(written[0]).toMatchObject({ truncated: 'time', ending: { type: 'cut', by: 'server' } });
    expect(written[0]?.messages?.map(({ bytes }) => String(bytes)).join('')).toBe('aearly ');
    expect(unrecorded.map(({ code }) => code)).toEqual(['STREAM_TOO_LONG']);
  });

  test('one that was too large before is written, and told of once', async () => {
    const { answer, written, unrecorded } = await slow({ bodyBytesMax: 3 });
    expect(answer.truncated).toBe('size');
    expect(written[0]?.truncated).toBe('size');
    expect(unrecorded.map(({ code }) => code)).toEqual(['BODY_TOO_LARGE']);
  });
});
