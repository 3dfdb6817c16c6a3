import { expect, test } from '@jest/globals';
import type { Ending } from '../../src/exchange/conversation.ts';
import { Failure } from '../../src/exchange/failure.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { record } from '../../src/record/record.ts';
import { call, callAnswer, driven, frames, okay, said } from '../mode/calls.ts';
import { ask, memoryLog, part, read, settling, until, upstreamOf } from '../mode/harness.ts';

function messagesOf(one: Interaction | undefined): readonly string[] {
  return (one?.messages ?? []).map(({ from, kind, bytes }) =>
    kind === 'message' ? `${from} ${bytes.toString()}` : `${from} ${kind} ${bytes.length}`,
  );
}

test('a call is written message by message, in the order seen, with its trailing metadata', async () => {
  const { options, written } = memoryLog();
  const network = upstreamOf(async (exchange) => {
    await read(exchange.body);
    return callAnswer(settling(said('b', 'c'), okay));
  });
  const given = await record(network, options).open(call(said('a')).exchange);
  expect(await read(given.body)).toBe(frames('b', 'c').toString('latin1'));
  expect(await given.ending).toEqual(okay);
  expect(given.outcome).toBe('recorded');
  expect(written).toHaveLength(1);
  expect(written[0]).toMatchObject({ kind: 'grpc', ending: okay, response: { status: 200 } });
  expect(written[0]?.request).not.toHaveProperty('body');
  expect(messagesOf(written[0])).toEqual(['client a', 'client end 0', 'server b', 'server c']);
  const { headMs = 0 } = written[0]?.timing ?? {};
  const times = written[0]?.messages?.map(({ atMs }) => atMs) ?? [];
  expect(times.toSorted((one, other) => one - other)).toEqual(times);
  expect(times.map((atMs) => atMs <= headMs)).toEqual([true, true, false, false]);
});

test('what is broken off in the midst of a frame passes at once', async () => {
  const { options } = memoryLog();
  const client = driven();
  const seen: string[] = [];
  const network = upstreamOf(async ({ body }) => {
    if (body !== undefined && !Buffer.isBuffer(body)) {
      for await (const { bytes } of body) seen.push(bytes.toString('latin1'));
    }
    return callAnswer({});
  });
  async function* split() {
    yield part('\0\0\0');
    yield* client.body;
  }
  const opening = record(network, options).open(call(split()).exchange);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(seen).toEqual(['\0\0\0']);
  client.stop();
  await opening;
});

test('an answer without messages leaves when it is written', async () => {
  const order: string[] = [];
  const append = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push('written');
  };
  const { options } = memoryLog({ append });
  const network = upstreamOf(() => callAnswer({ ending: { type: 'finished', trailers: [] } }));
  const given = await record(network, options).open(call(undefined).exchange);
  order.push('given');
  expect(order).toEqual(['written', 'given']);
  expect(given.outcome).toBe('recorded');
});

const endings: readonly Ending[] = [
  { type: 'finished', trailers: [['grpc-status', '13']] },
  { type: 'reset', by: 'server', code: 7 },
  { type: 'goaway', code: 0 },
  { type: 'cut', by: 'server' },
];

test.each(endings)('a stream that ended with $type is written with that ending', async (ending) => {
  const { options, written } = memoryLog();
  const network = upstreamOf(() => callAnswer(settling(said('1', '2', '3'), ending)));
  const given = await record(network, options).open(call(said('a')).exchange);
  await read(given.body);
  expect(await given.ending).toEqual(ending);
  expect(written[0]?.ending).toEqual(ending);
  expect(written[0]?.messages?.filter(({ from }) => from === 'server')).toHaveLength(3);
});

test('a client that leaves midway is written with what came, and has not said its last', async () => {
  const { options, written } = memoryLog();
  const gone: Ending = { type: 'reset', by: 'client', code: 8 };
  const client = driven();
  const asked = call(client.body);
  const network = upstreamOf(({ body }) => {
    void read(body);
    return callAnswer(settling(said('1', '2'), okay, gone));
  });
  const given = await record(network, options).open(asked.exchange);
  client.say('a');
  if (given.body === undefined || Buffer.isBuffer(given.body)) throw new Error('no parts');
  for await (const { bytes } of given.body) {
    expect(bytes).toEqual(frames('1'));
    asked.leave(gone);
    client.stop();
    await new Promise((resolve) => setTimeout(resolve, 2));
    break;
  }
  expect(await given.ending).toEqual(gone);
  expect(messagesOf(written[0])).toEqual(['client a', 'server 1']);
  expect(written[0]?.ending).toEqual(gone);
});

test('a frame longer than its stream is never recorded as a call that finished', async () => {
  const { options, written, unrecorded } = memoryLog();
  async function* torn() {
    yield* said('whole');
    yield { atMs: 0, kind: 'data' as const, bytes: frames('torn').subarray(0, 7) };
  }
  const network = upstreamOf(() => callAnswer(settling(torn(), okay)));
  const given = await record(network, options).open(call(said('a')).exchange);
  await read(given.body);
  expect(await given.ending).toEqual(okay);
  expect(messagesOf(written[0]).slice(-2)).toEqual(['server whole', 'server data 7']);
  expect(written[0]?.ending).toEqual({ type: 'cut', by: 'server' });
  expect(unrecorded.map(({ code }) => code)).toEqual(['GRPC_FRAME_BROKEN']);
});

test('a frame of the client that is broken is told, and passed on', async () => {
  const { options, written, unrecorded } = memoryLog();
  const network = upstreamOf(() => callAnswer({}));
  await record(network, options).open(call(Buffer.from('\x07nonsense')).exchange);
  expect(messagesOf(written[0])).toEqual(['client data 9', 'client end 0']);
  expect(unrecorded.map(({ message }) => message)).toEqual([
    'far.test/chat.Chat/Talk: a message of the client has a flag that gRPC does not know',
  ]);
});

test('what could not be written is cut where the policy has it', async () => {
  const append = (): Promise<void> => Promise.reject(new Error('full'));
  const { options } = memoryLog({ append, cutUnwritten: true });
  const network = upstreamOf((exchange) =>
    callAnswer(exchange.body === undefined ? {} : settling(said('b'), okay)),
  );
  const stream = await record(network, options).open(call(said('a')).exchange);
  await read(stream.body);
  expect(await stream.ending).toEqual({ type: 'cut', by: 'server' });
  expect(stream.outcome).toBe('failed');
  const whole = await record(network, options).open(call(undefined).exchange);
  expect(whole.failure?.code).toBe('RECORDING_FAILED');
});

test('a failure of the network is no call, and gRPC-Web is plain HTTP', async () => {
  const { options, written } = memoryLog();
  const failure = new Failure('DESTINATION_IS_PROXY', 'x');
  const failing = upstreamOf(() => callAnswer({ failure }));
  expect((await record(failing, options).open(call(said('a')).exchange)).failure).toBe(failure);
  expect(written).toEqual([]);
  const web = ask({ method: 'POST', headers: [['content-type', 'application/grpc-web+proto']] });
  await record(
    upstreamOf(() => callAnswer({})),
    options,
  ).open(web.exchange);
  expect(written.map(({ kind }) => kind)).toEqual(['http']);
});

test('after its time a call goes on, and what was said until then is written at once', async () => {
  const { options, written, unrecorded } = memoryLog({ streamMsMax: 40 });
  const gate = Promise.withResolvers<void>();
  async function* slow() {
    yield* said('early');
    await gate.promise;
    yield* said('late');
  }
  const network = upstreamOf(({ body }) => {
    void read(body);
    return callAnswer(settling(slow(), okay));
  });
  const given = await record(network, options).open(call(said('a')).exchange);
  const reading = read(given.body);
  await until(() => written.length > 0, 'the end of its time');
  gate.resolve();
  expect(await reading).toBe(frames('early', 'late').toString('latin1'));
  expect(await given.ending).toEqual(okay);
  expect(given).toMatchObject({ outcome: 'recorded', truncated: 'time' });
  expect(written).toMatchObject([{ truncated: 'time', ending: { type: 'cut', by: 'server' } }]);
  const kept = ['client a', 'client end 0', 'server early'];
  expect(messagesOf(written[0]).toSorted()).toEqual(kept);
  expect(unrecorded.map(({ code }) => code)).toEqual(['STREAM_TOO_LONG']);
});

test('a call of which much was said before its server was found missing ends there', async () => {
  const { options, written } = memoryLog({ bodyBytesMax: 10_000_000 });
  const network = upstreamOf(async ({ body }) => {
    await read(body);
    return callAnswer({ failure: new Failure('DESTINATION_IS_PROXY', 'x') });
  });
  await record(network, options).open(call(said('x'.repeat(300_000))).exchange);
  expect(written).toMatchObject([{ ending: { type: 'cut', by: 'server' } }]);
});
