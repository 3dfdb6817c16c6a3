import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { grpcClient, recordedSaid } from '../../src/replay/grpc-client.ts';
import { grpcFrame } from '../../src/support/grpc-frames.ts';
import { rereadable } from '../../src/support/rereadable.ts';
import type { GrpcSaid } from '../../src/replay/grpc-client.ts';
import { call, driven, frames, grpcHeaders, method, recordedCall, said } from '../mode/calls.ts';
import { part, parts, read } from '../mode/harness.ts';

const comparing = { bytesMax: 1000 };

function words(all: readonly GrpcSaid[]): readonly string[] {
  return all.map(({ kind, bytes }) => (kind === 'message' ? bytes.toString() : kind));
}

async function rest(client: ReturnType<typeof grpcClient>): Promise<readonly string[]> {
  const all: GrpcSaid[] = [];
  for await (const one of client.all()) all.push(one);
  return words(all);
}

test.each([
  ['in parts', () => said('a', 'b')],
  ['in bytes', () => parts(...(frames('a', 'b').toString('latin1').match(/[^]/g) ?? []))],
  ['in memory', () => frames('a', 'b')],
  ['readable again', () => rereadable(said('a', 'b'), ({ bytes }) => bytes.length)],
])('what was looked at first is said again (%s)', async (_how, body) => {
  const client = grpcClient(call(body()).exchange, comparing);
  expect(words(await client.first(1))).toEqual(['a']);
  expect(words(await client.first(9))).toEqual(['a', 'b', 'end']);
  expect(await rest(client)).toEqual(['a', 'b', 'end']);
});

test('a client that says nothing has said its last', async () => {
  const client = grpcClient(call(undefined).exchange, comparing);
  expect(words(await client.first(2))).toEqual(['end']);
  expect(await rest(client)).toEqual(['end']);
});

test('no more is waited for than is asked', async () => {
  const source = driven();
  const client = grpcClient(call(source.body).exchange, comparing);
  expect(await client.first(0)).toEqual([]);
  source.say('a');
  expect(words(await client.first(1))).toEqual(['a']);
});

test('a client that broke off has not said its last', async () => {
  const asked = call(said('a'));
  asked.leave({ type: 'cut', by: 'client' });
  const client = grpcClient(asked.exchange, comparing);
  expect(words(await client.first(3))).toEqual(['a']);
  expect(await rest(client)).toEqual(['a']);
});

test('no more than the limit is read ahead', async () => {
  const long = said('x'.repeat(1200), 'y');
  const client = grpcClient(call(long).exchange, comparing);
  expect(words(await client.first(3))).toEqual(['data']);
});

test('compression does not count, and neither do fields that are ignored', async () => {
  const headers = [...grpcHeaders, ['grpc-encoding', 'gzip']] as const;
  const packed = grpcFrame({
    kind: 'message',
    bytes: gzipSync(Buffer.from('abc')),
    compressed: true,
  });
  const asked = call(packed, method, headers);
  const [one] = await grpcClient(asked.exchange, comparing).first(1);
  const [plain] = recordedSaid(recordedCall(['c:abc']), comparing);
  expect(one?.digest).toBe(plain?.digest);
  const seen: string[] = [];
  const ignoring = (path: string, message: Buffer): Buffer => {
    seen.push(path);
    return message.subarray(0, 1);
  };
  const ignored = { ...comparing, ignoring };
  const [other] = await grpcClient(call(said('axx')).exchange, ignored).first(1);
  expect(other?.digest).toBe(recordedSaid(recordedCall(['c:ayy']), ignored)[0]?.digest);
  expect(new Set(seen)).toEqual(new Set([method]));
});

test('bytes that are no messages are compared as they are', async () => {
  const [one] = await grpcClient(call(Buffer.from('\x09bad')).exchange, comparing).first(1);
  expect(one).toMatchObject({ kind: 'data' });
  const odd = recordedCall([], {
    messages: [{ from: 'client', kind: 'data', atMs: 0, bytes: Buffer.from('\x09bad') }],
  });
  expect(recordedSaid(odd, comparing)).toEqual([one]);
});

test('a body that was made readable here is let go of here, and no other', async () => {
  const own = parts('a', 'b');
  await grpcClient(call(own).exchange, comparing).release();
  expect(await read(own)).toBe('');
  const shared = rereadable(parts('a'), () => 1);
  await grpcClient(call(shared).exchange, comparing).release();
  const seen: unknown[] = [];
  for await (const one of shared) seen.push(one);
  expect(seen).toEqual([part('a')]);
});

test('a message that swells is compared as it is compressed', async () => {
  const bomb = gzipSync(Buffer.alloc(17 * 1024 * 1024));
  const body = grpcFrame({ kind: 'message', bytes: bomb, compressed: true });
  const headers = [...grpcHeaders, ['grpc-encoding', 'gzip']] as const;
  const client = grpcClient(call(body, method, headers).exchange, { bytesMax: 2 ** 32 });
  const [first] = await client.first(1);
  expect(first?.bytes.equals(bomb)).toBe(true);
});
