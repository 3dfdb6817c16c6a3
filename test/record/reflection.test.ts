import { expect, test } from '@jest/globals';
import type { Body, Parts } from '../../src/exchange/conversation.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { reflected } from '../../src/record/reflection.ts';
import { createGrpcReader, grpcFrame } from '../../src/support/grpc-frames.ts';
import { bytesIn, withLength } from '../../src/support/protobuf-wire.ts';
import { call, callAnswer, said } from '../mode/calls.ts';
import { ask, lost, upstreamOf } from '../mode/harness.ts';

/** A file descriptor: its name, and what it imports. */
function file(name: string, ...imports: readonly string[]): Buffer {
  const fields = imports.map((one) => withLength(3, Buffer.from(one)));
  return Buffer.concat([withLength(1, Buffer.from(name)), ...fields]);
}

const files = new Map([
  ['chat.proto', file('chat.proto', 'user.proto', 'lost.proto')],
  ['user.proto', file('user.proto')],
]);

/** Answers each question with its file, or with an error. */
async function* tell(body: Body): Parts {
  if (body === undefined || Buffer.isBuffer(body)) return;
  const reader = createGrpcReader(1000);
  for await (const part of body) {
    for (const { bytes } of reader.take(part.bytes)) {
      const name = bytesIn(bytes, 4).length > 0 ? 'chat.proto' : String(bytesIn(bytes, 3)[0]);
      const found = files.get(name);
      const answer =
        found === undefined ? withLength(7, file('')) : withLength(4, withLength(1, found));
      const frame = grpcFrame({ kind: 'message', bytes: answer, compressed: false });
      yield { atMs: 0, kind: 'data', bytes: frame };
    }
  }
}

/** A server of chats that describes itself in some versions of the service for that. */
function chats(...versions: readonly string[]) {
  const paths: string[] = [];
  const upstream = upstreamOf((exchange): Answer => {
    const path = exchange.kind === 'stream' ? '' : exchange.head.path;
    paths.push(path);
    if (!path.startsWith('/grpc.reflection')) return callAnswer({});
    const known = versions.some((version) => path.includes(`.${version}.`));
    return known ? callAnswer({ body: tell(exchange.body) }) : callAnswer({});
  });
  return { upstream, paths };
}

const reflection = (version: string): string =>
  `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;

test('a server is asked once a service, and for what the file of it imports', async () => {
  const { upstream, paths } = chats('v1');
  const learnt: (readonly Buffer[])[] = [];
  const both = reflected(upstream, (told) => learnt.push(told));
  for (let time = 0; time < 3; time += 1) await both.upstream.open(call(said('a')).exchange);
  await both.settled();
  expect(paths.filter((path) => path.startsWith('/grpc.'))).toEqual([reflection('v1')]);
  expect(learnt).toEqual([[...files.values()]]);
});

test('a server that knows the older service only is asked by that', async () => {
  const { upstream, paths } = chats('v1alpha');
  const learnt: (readonly Buffer[])[] = [];
  const both = reflected(upstream, (told) => learnt.push(told));
  await both.upstream.open(call(said('a')).exchange);
  await both.settled();
  expect(paths.slice(1)).toEqual([reflection('v1'), reflection('v1alpha')]);
  expect(learnt).toHaveLength(1);
});

test('a server that tells nothing, or nonsense, troubles nobody', async () => {
  const { upstream } = chats();
  const both = reflected(upstream, () => {
    throw new Error('never');
  });
  await both.upstream.open(call(said('a')).exchange);
  await both.settled();
  const odd = chats('v1');
  const other = reflected(odd.upstream, () => {
    throw new Error('no descriptors');
  });
  expect((await other.upstream.open(call(said('a')).exchange)).outcome).toBe('forwarded');
  await other.settled();
});

test('nobody is asked for other exchanges, calls that nobody answered, or services of gRPC itself', async () => {
  const { upstream, paths } = chats('v1');
  const both = reflected(upstream, () => {});
  await both.upstream.open(ask().exchange);
  await both.upstream.open(call(said('a'), '/grpc.health.v1.Health/Check').exchange);
  const gone = reflected(
    upstreamOf(() => lost({ type: 'refused' })),
    () => {},
  );
  await gone.upstream.open(call(said('a')).exchange);
  await both.settled();
  await gone.settled();
  expect(paths).toEqual(['/', '/grpc.health.v1.Health/Check']);
});
