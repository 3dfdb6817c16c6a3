import { expect, test } from '@jest/globals';
import { createDraft } from '../cassette/memory-draft.ts';
import type { GrpcPiece } from '../../src/support/grpc-frames.ts';
import { createGrpcLog } from '../../src/record/grpc-log.ts';
import { call, grpcHeaders, method, okay } from '../mode/calls.ts';
import { destination, memoryLog, until } from '../mode/harness.ts';

const piece = (text: string, compressed = false): GrpcPiece => ({
  kind: 'message',
  bytes: Buffer.from(text),
  compressed,
});
const head = { status: 200, statusText: '', httpVersion: '2.0', headers: grpcHeaders };

/** A log whose drafts are counted. */
function counted(bodyBytesMax = 1000) {
  const begun: string[] = [];
  const { options, written, unrecorded } = memoryLog({ bodyBytesMax });
  const begin: typeof options.begin = (start) => {
    begun.push(start.id);
    return createDraft(start, options.append);
  };
  return { options: { ...options, begin }, written, unrecorded, begun };
}

test('a short call is written as a whole, when it ends', async () => {
  const { options, written, begun } = counted();
  const log = createGrpcLog(options, call(undefined).exchange);
  expect(log.said('client', piece('a', true))).toBeUndefined();
  log.answered(head);
  void log.said('server', piece('b'));
  expect(written).toEqual([]);
  expect(await log.commit(okay)).toBe('recorded');
  expect(begun).toEqual([]);
  expect(written[0]).toMatchObject({
    id: 'i000000',
    kind: 'grpc',
    request: { method: 'POST', path: method, destination, headers: grpcHeaders },
    response: head,
    messages: [
      { from: 'client', kind: 'message', bytes: Buffer.from('a'), compressed: true },
      { from: 'server', kind: 'message', bytes: Buffer.from('b') },
    ],
    ending: okay,
  });
  expect(written[0]).not.toHaveProperty('truncated');
});

test('a call with a second answer is written as it goes on', async () => {
  const { options, written, begun } = counted();
  const log = createGrpcLog(options, call(undefined).exchange);
  log.answered(head);
  for (const text of ['a', 'b', 'c']) void log.said('server', piece(text));
  expect(begun).toEqual(['i000000']);
  await log.commit(okay);
  expect(written[0]?.response).toEqual(head);
  expect(written[0]?.messages?.map(({ bytes }) => bytes.toString())).toEqual(['a', 'b', 'c']);
});

test('a call of many bytes is written as it goes on, before it is answered', async () => {
  const { options, written, begun } = counted(10_000_000);
  const log = createGrpcLog(options, call(undefined).exchange);
  void log.said('client', piece('x'.repeat(300_000)));
  expect(begun).toEqual(['i000000']);
  log.answered(head);
  await log.commit({ type: 'reset', by: 'client', code: 8 });
  expect(written[0]).toMatchObject({ response: head, ending: { type: 'reset', code: 8 } });
});

test('beyond the limit nothing more is kept, and the recording says so', async () => {
  const { options, written, unrecorded } = counted(10);
  const log = createGrpcLog(options, call(undefined).exchange);
  for (const text of ['12345678', '9012', '3']) void log.said('client', piece(text));
  expect(await log.commit(okay)).toBe('recorded');
  expect(written[0]?.truncated).toBe('size');
  expect(written[0]?.messages).toHaveLength(1);
  expect(unrecorded.map(({ code }) => code)).toEqual(['BODY_TOO_LARGE']);
});

test.each([
  [true, 'failed'],
  [false, 'forwarded'],
])('a call that cannot be written (cut: %s) is told', async (cutUnwritten, outcome) => {
  const append = (): Promise<void> => Promise.reject(new Error('full'));
  const { options, unrecorded } = memoryLog({ append, cutUnwritten });
  expect(await createGrpcLog(options, call(undefined).exchange).commit(okay)).toBe(outcome);
  expect(unrecorded.map(({ code }) => code)).toEqual(['RECORDING_FAILED']);
});

test('a head that comes after its time is not recorded', async () => {
  const { options, written, unrecorded } = memoryLog({ streamMsMax: 1 });
  const log = createGrpcLog(options, call(undefined).exchange);
  void log.said('client', piece('a'));
  await until(() => written.length > 0, 'the end of its time');
  log.answered(head);
  expect(log.said('server', piece('b'))).toBeUndefined();
  expect(await log.commit(okay)).toBe('recorded');
  expect(written).toMatchObject([{ truncated: 'time', messages: [{ from: 'client' }] }]);
  expect(written[0]).not.toHaveProperty('response');
  expect(unrecorded.map(({ code }) => code)).toEqual(['STREAM_TOO_LONG']);
});

test('what was no call leaves nothing, and no timer', async () => {
  const { options, written, unrecorded } = memoryLog({ streamMsMax: 5 });
  const log = createGrpcLog(options, call(undefined).exchange);
  await log.abandon();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect([written, unrecorded]).toEqual([[], []]);
});
