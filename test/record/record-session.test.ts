import { describe, expect, test } from '@jest/globals';
import type { Ending, Part, Parts } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { record } from '../../src/record/record.ts';
import { createChannel } from '../../src/support/channel.ts';
import { closeFrame, deflated, frame } from '../mode/frames.ts';
import { answer, ask, memoryLog, settling, until, upstreamOf } from '../mode/harness.ts';

const head = { status: 101, statusText: 'Switching Protocols', httpVersion: '1.1', headers: [] };
const compressing: Headers = [['Sec-WebSocket-Extensions', 'permessage-deflate']];
const text = (words: string, masked = false): Buffer =>
  frame({ opcode: 1, payload: words, masked });

function data(bytes: Buffer, atMs: number): Part {
  return { atMs, kind: 'data', bytes };
}

/** A server that reads what the client says and answers with what the test pushes. */
function server(ending: Ending = finished, headers: Headers = []) {
  const said = createChannel<Part>(1000);
  const reading = async (exchange: Exchange): Promise<void> => {
    if (exchange.body === undefined || Buffer.isBuffer(exchange.body)) return;
    for await (const one of exchange.body) heard.push(one.bytes);
  };
  const heard: Buffer[] = [];
  const network = upstreamOf((exchange) => {
    void reading(exchange);
    return answer({ head: { ...head, headers }, framing: 'raw', ...settling(said, ending) });
  });
  return { said, heard, network };
}

async function open(network: ReturnType<typeof upstreamOf>, log: ReturnType<typeof memoryLog>) {
  const client = createChannel<Part>(1000);
  const { exchange } = ask({ kind: 'websocket', body: client });
  const given = await record(network, log.options).open(exchange);
  if (given.body === undefined || Buffer.isBuffer(given.body)) throw new Error('not in parts');
  return { client, given, iterator: given.body[Symbol.asyncIterator]() };
}

async function rest(iterator: AsyncIterator<Part>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let got = await iterator.next(); got.done !== true; got = await iterator.next()) {
    chunks.push(got.value.bytes);
  }
  return Buffer.concat(chunks);
}

test('a session passes byte for byte and is written message by message', async () => {
  const log = memoryLog();
  const { said, heard, network } = server();
  const { client, given, iterator } = await open(network, log);
  await client.push(data(text('hello', true), 1));
  await until(() => heard.length === 1, 'the hello');
  await said.push(data(text('world'), 2));
  expect((await iterator.next()).value).toEqual(data(text('world'), 2));
  await said.push(data(closeFrame(1000, 'bye'), 3));
  said.end();
  client.end();
  expect(await rest(iterator)).toEqual(closeFrame(1000, 'bye'));
  expect(heard).toEqual([text('hello', true)]);
  expect(await given.ending).toEqual(finished);
  expect(given.outcome).toBe('recorded');
  expect(log.written).toMatchObject([
    {
      kind: 'websocket',
      request: { method: 'GET', path: '/' },
      response: { status: 101 },
      messages: [
        { from: 'client', atMs: 1, kind: 'text', bytes: Buffer.from('hello') },
        { from: 'server', atMs: 2, kind: 'text', bytes: Buffer.from('world') },
      ],
      ending: { type: 'closed', by: 'server', code: 1000, reason: 'bye' },
    },
  ]);
});

test('the server’s close leaves only once the session was written', async () => {
  const gate = Promise.withResolvers<void>();
  const log = memoryLog({ append: () => gate.promise });
  const { said, network } = server();
  const { iterator } = await open(network, log);
  await said.push(data(text('a'), 1));
  await said.push(data(closeFrame(1000, ''), 2));
  await iterator.next();
  let came = false;
  const next = iterator.next().then((got) => {
    came = true;
    return got;
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(came).toBe(false);
  gate.resolve();
  expect((await next).value).toEqual(data(closeFrame(1000, ''), 2));
});

describe('a session without a close is written with the ending of its connection', () => {
  test.each<[Ending]>([
    [finished],
    [{ type: 'reset', by: 'server' }],
    [{ type: 'cut', by: 'server' }],
  ])('%j', async (ending) => {
    const log = memoryLog();
    const { said, network } = server(ending);
    const { given, iterator } = await open(network, log);
    await said.push(data(text('a'), 1));
    said.end();
    await rest(iterator);
    expect(await given.ending).toEqual(ending);
    expect(log.written).toMatchObject([{ ending, messages: [{ bytes: Buffer.from('a') }] }]);
  });

  test('also where the client stops reading', async () => {
    const log = memoryLog();
    const { said, network } = server();
    const { given, iterator } = await open(network, log);
    await said.push(data(text('a'), 1));
    await iterator.next();
    await iterator.return?.();
    expect(await given.ending).toEqual({ type: 'cut', by: 'client' });
    expect(log.written).toMatchObject([{ ending: { type: 'cut', by: 'client' } }]);
  });

  test('and a client that closed first is the one who did', async () => {
    const log = memoryLog();
    const { said, heard, network } = server({ type: 'cut', by: 'server' });
    const { client, iterator } = await open(network, log);
    await client.push(data(closeFrame(4000, 'enough', true), 1));
    await until(() => heard.length === 1, 'the close');
    said.end();
    await rest(iterator);
    expect(log.written).toMatchObject([
      { ending: { type: 'closed', by: 'client', code: 4000, reason: 'enough' } },
    ]);
  });
});

test('a client that breaks the protocol is recorded as far as it could be told', async () => {
  const log = memoryLog();
  const { said, heard, network } = server();
  const { client, iterator } = await open(network, log);
  const bad = Buffer.from([0x83, 0x80, 0, 0, 0, 0]);
  await client.push(data(text('good', true), 1));
  await client.push(data(bad, 2));
  await client.push(data(text('lost', true), 3));
  await until(() => heard.length === 3, 'all that the client said');
  await said.push(data(closeFrame(1002, ''), 4));
  said.end();
  await rest(iterator);
  expect(heard[1]).toEqual(bad);
  expect(log.written).toMatchObject([
    {
      messages: [{ bytes: Buffer.from('good') }],
      truncated: 'malformed',
      ending: { type: 'closed', by: 'server', code: 1002 },
    },
  ]);
  expect(log.unrecorded).toMatchObject([{ code: 'WEBSOCKET_MALFORMED' }]);
});

test('messages over the limit pass; what came before them is recorded, and says that it is not all', async () => {
  const log = memoryLog({ bodyBytesMax: 10 });
  const { said, network } = server();
  const { client, given, iterator } = await open(network, log);
  const bytes = Buffer.concat([text('12345'), text('1234567890'), closeFrame(1000, '')]);
  await said.push(data(bytes, 1));
  said.end();
  expect(await rest(iterator)).toEqual(bytes);
  await client.push(data(text('lost', true), 2));
  expect(log.written).toMatchObject([
    {
      messages: [{ bytes: Buffer.from('12345') }],
      truncated: 'size',
      ending: { type: 'closed', by: 'server', code: 1000 },
    },
  ]);
  expect(log.unrecorded).toMatchObject([{ code: 'BODY_TOO_LARGE' }]);
  expect(given).toMatchObject({ outcome: 'recorded', truncated: 'size' });
});

test('after its time a session goes on, and what was said until then is written at once', async () => {
  const log = memoryLog({ streamMsMax: 40 });
  const { said, heard, network } = server();
  const { client, given, iterator } = await open(network, log);
  await said.push(data(text('early'), 1));
  await iterator.next();
  await until(() => log.written.length > 0, 'the end of its time');
  await client.push(data(text('late', true), 50));
  await until(() => heard.length === 1, 'the late message');
  const late = Buffer.concat([text('later'), closeFrame(1000, 'bye')]);
  await said.push(data(late, 60));
  said.end();
  expect(await rest(iterator)).toEqual(late);
  expect(await given.ending).toEqual(finished);
  expect(given).toMatchObject({ outcome: 'recorded', truncated: 'time' });
  expect(log.written).toMatchObject([
    {
      messages: [{ bytes: Buffer.from('early') }],
      truncated: 'time',
      ending: { type: 'cut', by: 'server' },
    },
  ]);
  expect(log.unrecorded).toMatchObject([{ code: 'STREAM_TOO_LONG' }]);
});

test('a message of the client stands before the answer to it, however long it takes to unpack', async () => {
  const log = memoryLog({ bodyBytesMax: 10_000_000 });
  const { said, heard, network } = server(finished, compressing);
  const { client, iterator } = await open(network, log);
  const large = Array.from({ length: 9000 }, (_, place) => `${place * 7919}`).join('');
  await client.push(
    data(frame({ opcode: 1, payload: deflated(large), masked: true, compressed: true }), 1),
  );
  await until(() => heard.length === 1, 'the large message');
  await said.push(data(text('answer'), 2));
  await said.push(data(closeFrame(1000, ''), 3));
  said.end();
  await rest(iterator);
  expect(log.written[0]?.messages?.map(({ bytes }) => bytes.length)).toEqual([large.length, 6]);
});

test('both sides stand in the order of their coming, and whoever closed first ended it', async () => {
  const log = memoryLog();
  const { said, heard, network } = server({ type: 'cut', by: 'server' });
  const { client, iterator } = await open(network, log);
  await client.push(data(text('a', true), 1));
  await until(() => heard.length === 1, 'a');
  await said.push(data(text('b'), 1));
  await iterator.next();
  await client.push(data(closeFrame(4000, 'mine', true), 3));
  await until(() => heard.length === 2, 'the close');
  await said.push(data(closeFrame(4001, 'yours'), 3));
  said.end();
  await rest(iterator);
  expect(log.written).toMatchObject([
    {
      messages: [{ bytes: Buffer.from('a') }, { bytes: Buffer.from('b') }],
      ending: { type: 'closed', by: 'client', code: 4000, reason: 'mine' },
    },
  ]);
});

test('what is said is in the draft at once, and whoever sends waits where there is no room', async () => {
  const added: string[] = [];
  const room = Promise.withResolvers<void>();
  const log = memoryLog();
  const { said, network } = server();
  const { iterator } = await open(network, {
    ...log,
    options: {
      ...log.options,
      begin: (start) => ({
        ...log.options.begin(start),
        add({ bytes }) {
          added.push(bytes.toString());
          return room.promise;
        },
      }),
    },
  });
  await said.push(data(text('a'), 1));
  let came = false;
  const next = iterator.next().then((got) => {
    came = true;
    return got;
  });
  await until(() => added.length === 1, 'the message in the draft');
  expect(came).toBe(false);
  room.resolve();
  expect((await next).value).toEqual(data(text('a'), 1));
});

describe('what cannot be written', () => {
  const append = (): Promise<void> => Promise.reject(new Error('ENOSPC'));

  test('passes, and is told of', async () => {
    const log = memoryLog({ append });
    const { said, network } = server();
    const { given, iterator } = await open(network, log);
    await said.push(data(closeFrame(1000, ''), 1));
    said.end();
    expect(await rest(iterator)).toEqual(closeFrame(1000, ''));
    expect(log.unrecorded).toMatchObject([{ code: 'RECORDING_FAILED' }]);
    expect(given.outcome).toBe('forwarded');
  });

  test('is cut before its close under fsync always', async () => {
    const log = memoryLog({ append, cutUnwritten: true });
    const { said, network } = server();
    const { given, iterator } = await open(network, log);
    await said.push(data(text('a'), 1));
    await said.push(data(closeFrame(1000, ''), 2));
    expect(await rest(iterator)).toEqual(text('a'));
    expect(await given.ending).toEqual({ type: 'cut', by: 'server' });
    expect(given.outcome).toBe('failed');
  });
});

test('a connection that dies at its n-th byte is written once, whatever n is', async () => {
  const bytes = Buffer.concat([
    text('hello'),
    frame({ opcode: 9, payload: '' }),
    closeFrame(1000, ''),
  ]);
  for (let length = 0; length <= bytes.length; length += 1) {
    const log = memoryLog();
    const { said, network } = server({ type: 'reset', by: 'server' });
    const { given, iterator } = await open(network, log);
    await said.push(data(bytes.subarray(0, length), 1));
    said.end();
    await rest(iterator);
    expect(await given.ending).toEqual({ type: 'reset', by: 'server' });
    expect(log.written).toHaveLength(1);
    const closed = length === bytes.length;
    expect(log.written[0]?.ending.type).toBe(closed ? 'closed' : 'reset');
  }
});

test('an upgrade that was refused is recorded like any answer', async () => {
  const log = memoryLog();
  const network = upstreamOf((): Answer => answer({ body: Buffer.from('no') }));
  const { exchange } = ask({ kind: 'websocket', body: (async function* (): Parts {})() });
  await record(network, log.options).open(exchange);
  expect(log.written).toMatchObject([
    { kind: 'websocket', response: { status: 200, body: Buffer.from('no') } },
  ]);
  expect(log.written[0]).not.toHaveProperty('messages');
});
