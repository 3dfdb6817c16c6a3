import { describe, expect, test } from '@jest/globals';
import type { Ending } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Offer } from '../../src/exchange/upstream.ts';
import { record } from '../../src/record/record.ts';
import {
  answer,
  ask,
  askStream,
  destination,
  lost,
  memoryLog,
  parts,
  read,
  settling,
  upstreamOf,
  until,
} from '../mode/harness.ts';

test('an exchange is written as it was', async () => {
  const { options, written } = memoryLog();
  const network = upstreamOf(async (exchange) => {
    if (exchange.kind === 'http') {
      exchange.inform({ status: 103, statusText: 'Hints', httpVersion: '1.1', headers: [] });
    }
    await read(exchange.body);
    const trailers = [['X-Sum', '1']] as const;
    return answer({
      headers: [['Set-Cookie', 'a']],
      ...settling(parts('he', 'llo'), { type: 'finished', trailers }),
    });
  });
  const { exchange, informed } = ask({
    method: 'POST',
    path: '/p?q',
    headers: [['X-A', '1']],
    body: parts('bo', 'dy'),
    trailers: [['T', 'v']],
  });
  const given = await record(network, options).open(exchange);
  expect(await read(given.body)).toBe('hello');
  expect(await given.ending).toEqual({ type: 'finished', trailers: [['X-Sum', '1']] });
  expect(given.outcome).toBe('recorded');
  expect(informed.map(({ status }) => status)).toEqual([103]);
  expect(written).toHaveLength(1);
  expect(written[0]).toMatchObject({
    id: 'i000000',
    kind: 'http',
    sequence: 0,
    request: {
      method: 'POST',
      destination,
      path: '/p?q',
      headers: [['X-A', '1']],
      body: Buffer.from('body'),
      trailers: [['T', 'v']],
    },
    response: {
      status: 200,
      headers: [['Set-Cookie', 'a']],
      body: Buffer.from('hello'),
      informational: [{ head: { status: 103 } }],
    },
    ending: { type: 'finished', trailers: [['X-Sum', '1']] },
  });
  expect(written[0]?.request).not.toHaveProperty('partial');
  expect(Date.parse(written[0]?.startedAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
  const { headMs = -1, endMs } = written[0]?.timing ?? { endMs: -1 };
  expect(headMs).toBeGreaterThanOrEqual(0);
  expect(endMs).toBeGreaterThanOrEqual(headMs);
});

test('absent and empty bodies are told apart, both ways', async () => {
  const { options, written } = memoryLog();
  const bodies = [undefined, Buffer.alloc(0)];
  for (const body of bodies) {
    const network = upstreamOf(() => answer({ body }));
    await record(network, options).open(ask({ body }).exchange);
  }
  expect(written.map(({ request }) => request.body)).toEqual(bodies);
  expect(written.map(({ response }) => response?.body)).toEqual(bodies);
});

describe('a connection that never came to be', () => {
  async function offered(offer: Offer, changes: Parameters<typeof memoryLog>[0] = {}) {
    const log = memoryLog(changes);
    const network = upstreamOf(
      () => answer(),
      () => Promise.resolve(offer),
    );
    return { ...log, got: await record(network, log.options).offer(destination) };
  }

  test.each<[Ending]>([
    [{ type: 'refused' }],
    [{ type: 'timedOut' }],
    [{ type: 'dns', code: 'ENOTFOUND' }],
    [{ type: 'reset', by: 'server' }],
  ])('%j is recorded', async (ending) => {
    const { got, written } = await offered({ type: 'ended', ending });
    expect(got).toEqual({ type: 'ended', ending, outcome: 'recorded' });
    expect(written).toMatchObject([
      { kind: 'connect', request: { method: 'CONNECT', destination }, ending },
    ]);
  });

  test('a handshake that failed, or that did not, is left to the exchange inside', async () => {
    const tls = { type: 'tls', code: 'C', reason: 'r' } as const;
    for (const offer of [
      { type: 'ended', ending: tls },
      { type: 'terms', alpn: 'http/1.1' },
    ] as const) {
      const { got, written } = await offered(offer);
      expect(got).toEqual(offer);
      expect(written).toEqual([]);
    }
  });

  test('one that could not be written is told of', async () => {
    const append = (): Promise<void> => Promise.reject(new Error('ENOSPC'));
    const ending = { type: 'refused' } as const;
    const { got, unrecorded } = await offered({ type: 'ended', ending }, { append });
    expect(got).toEqual({ type: 'ended', ending, outcome: 'failed' });
    expect(unrecorded).toMatchObject([{ code: 'RECORDING_FAILED', message: 'ENOSPC' }]);
  });
});

test.each<[Ending]>([
  [{ type: 'refused' }],
  [{ type: 'timedOut' }],
  [{ type: 'dns', code: 'EAI_AGAIN' }],
  [{ type: 'tls', code: 'CERT_HAS_EXPIRED', reason: 'expired' }],
  [{ type: 'reset', by: 'server' }],
  [{ type: 'cut', by: 'server' }],
  [{ type: 'cut', by: 'client' }],
])('an ending before a head (%j) is recorded as that', async (ending) => {
  const { options, written } = memoryLog();
  const given = await record(
    upstreamOf(() => lost(ending)),
    options,
  ).open(ask().exchange);
  expect(given).toMatchObject({ ending, outcome: 'recorded' });
  expect(written).toMatchObject([{ ending }]);
  expect(written[0]).not.toHaveProperty('response');
  expect(written[0]?.timing).not.toHaveProperty('headMs');
});

describe('a raw stream', () => {
  const plain = answer({ body: parts('x') });
  const recording = (log: ReturnType<typeof memoryLog>) =>
    record(
      upstreamOf(({ body }) => {
        void read(body);
        return plain;
      }),
      log.options,
    );

  test('passes where nobody asked for it to be recorded', async () => {
    const log = memoryLog({ recordsStreams: false });
    const given = await recording(log).open(askStream());
    expect(given === plain).toBe(true);
  });

  test.each(['live', 'passthrough'] as const)(
    'that is %s passes in any case',
    async (untouched) => {
      const log = memoryLog();
      const given = await recording(log).open({ ...askStream(), kind: 'stream', untouched });
      expect(given === plain).toBe(true);
    },
  );

  test('is written where that was asked for', async () => {
    const log = memoryLog();
    expect(await read((await recording(log).open(askStream())).body)).toBe('x');
    await until(() => log.written.length > 0, 'the write');
    expect(log.written).toMatchObject([{ kind: 'stream' }]);
  });
});

test('exchanges are numbered as they begin, not as they end', async () => {
  const { options, written } = memoryLog();
  let end = (): void => {};
  const network = upstreamOf(async (exchange) => {
    if (exchange.kind === 'http' && exchange.head.path === '/slow') {
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    }
    return answer({ ending: finished });
  });
  const recording = record(network, options);
  const slow = recording.open(ask({ path: '/slow' }).exchange);
  await recording.open(ask({ path: '/fast' }).exchange);
  end();
  await slow;
  expect(written.map(({ sequence, request }) => [sequence, request.path])).toEqual([
    [1, '/fast'],
    [0, '/slow'],
  ]);
});
