import { expect, test } from '@jest/globals';
import type { Part, Parts } from '../../src/exchange/conversation.ts';
import type { Failure } from '../../src/exchange/failure.ts';
import { headerValue } from '../../src/exchange/headers.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { createCursors } from '../../src/replay/cursors.ts';
import { createEnsemble } from '../../src/replay/ensemble.ts';
import { either } from '../../src/mode/either.ts';
import { replay } from '../../src/replay/replay.ts';
import type { Asked } from '../mode/harness.ts';
import { read, upstreamOf } from '../mode/harness.ts';
import {
  call,
  callAnswer,
  driven,
  frames,
  grpcHeaders,
  okay,
  recordedCall,
  said,
} from '../mode/calls.ts';
import { recordingOf } from '../mode/recordings.ts';

function replaying(interactions: readonly Interaction[], strict = true) {
  const recording = recordingOf(...interactions);
  const failures: Failure[] = [];
  const cursors = createCursors(recording);
  const upstream = replay({
    recording,
    cursors,
    ensemble: createEnsemble(recording, cursors),
    strict,
    bodyBytesMax: 1000,
    onMismatch: (_exchange, failure) => failures.push(failure),
    onFailure: () => {},
  });
  return { upstream, failures, open: ({ exchange }: Asked) => upstream.open(exchange) };
}

const unary = (question: string, reply: string): Interaction =>
  recordedCall([`c:${question}`, 'c.', 'head', `s:${reply}`]);

async function texts({ body }: Answer): Promise<string> {
  return read(body);
}

function partsOf({ body }: Answer): AsyncIterator<Part> {
  if (body === undefined || Buffer.isBuffer(body)) throw new Error('the answer has no parts');
  return body[Symbol.asyncIterator]();
}

async function next(iterator: AsyncIterator<Part>): Promise<string | undefined> {
  const got = await iterator.next();
  return got.done === true ? undefined : got.value.bytes.subarray(5).toString();
}

test('a unary call is chosen by its whole request, in recorded order, and the last repeats', async () => {
  const { open } = replaying([unary('a', '1'), unary('b', '2'), unary('a', '3')]);
  const got: string[] = [];
  for (const question of ['b', 'a', 'a', 'a']) {
    const answer = await open(call(said(question)));
    got.push(`${await texts(answer)} ${answer.outcome}`);
    expect(await answer.ending).toEqual(okay);
  }
  const reply = (text: string): string => frames(text).toString('latin1');
  expect(got).toEqual([
    `${reply('2')} replayed`,
    `${reply('1')} replayed`,
    `${reply('3')} replayed`,
    `${reply('3')} repeated`,
  ]);
});

test('metadata does not count, and the method does', async () => {
  const { open } = replaying([unary('a', '1')]);
  const headers = [...grpcHeaders, ['authorization', 'Bearer other']] as const;
  expect((await open(call(said('a'), undefined, headers))).outcome).toBe('replayed');
  const missed = await open(call(said('a'), '/chat.Chat/Other'));
  expect(missed.failure?.code).toBe('NO_MATCHING_INTERACTION');
});

test('another request is a miss, and so is one message too many', async () => {
  const { open } = replaying([unary('a', '1')]);
  expect((await open(call(said('b')))).failure?.code).toBe('NO_MATCHING_INTERACTION');
  expect((await open(call(said('a', 'b')))).failure?.code).toBe('NO_MATCHING_INTERACTION');
});

test('UNAVAILABLE twice and then OK is that', async () => {
  const status = (code: string): Interaction['ending'] => ({
    type: 'finished',
    trailers: [['grpc-status', code]],
  });
  const failed = recordedCall(['c:a', 'c.', 'head'], { ending: status('14') });
  const { open } = replaying([failed, failed, unary('a', '1')]);
  const seen: (string | undefined)[] = [];
  for (let time = 0; time < 4; time += 1) {
    const ending = await (await open(call(said('a')))).ending;
    seen.push(ending.type === 'finished' ? headerValue(ending.trailers, 'grpc-status') : undefined);
  }
  expect(seen).toEqual(['14', '14', '0', '0']);
});

test('a status in the head stays there: no body, no trailers', async () => {
  const headers = [...grpcHeaders, ['grpc-status', '5']] as const;
  const only = recordedCall(['c:a', 'c.', 'head'], {
    response: { headers },
    ending: { type: 'finished', trailers: [] },
  });
  const answer = await replaying([only]).open(call(said('a')));
  expect(answer.head?.headers).toEqual(headers);
  expect(answer.body).toBeUndefined();
  expect(await answer.ending).toEqual({ type: 'finished', trailers: [] });
});

test('a stream that ended in INTERNAL after three messages does so again', async () => {
  const ending = { type: 'finished', trailers: [['grpc-status', '13']] } as const;
  const lines = ['c:a', 'c.', 'head', 's:1', 's:2', 's:3'];
  const answer = await replaying([recordedCall(lines, { ending })]).open(call(said('a')));
  expect(await texts(answer)).toBe(frames('1', '2', '3').toString('latin1'));
  expect(await answer.ending).toEqual(ending);
});

test.each([
  { type: 'reset', by: 'server', code: 2 },
  { type: 'cut', by: 'server' },
] as const)('a stream that ended with $type does so again', async (ending) => {
  const one = recordedCall(['c:a', 'c.', 'head', 's:1'], { ending });
  const answer = await replaying([one]).open(call(said('a')));
  expect(await texts(answer)).toBe(frames('1').toString('latin1'));
  expect(await answer.ending).toEqual(ending);
});

test('a call that ended before it was answered does so again', async () => {
  const ending = { type: 'reset', by: 'server', code: 7 } as const;
  const answer = await replaying([recordedCall(['c:a'], { ending })]).open(call(said('a')));
  expect(answer.head).toBeUndefined();
  expect(await answer.ending).toEqual(ending);
});

test('a recording that stopped before its call is cut, and never made whole', async () => {
  const one = recordedCall(['c:a', 'c.', 'head', 's:1'], { truncated: 'killed' });
  const answer = await replaying([one]).open(call(said('a')));
  expect(await texts(answer)).toBe(frames('1').toString('latin1'));
  expect(await answer.ending).toEqual({ type: 'cut', by: 'server' });
});

test('in both directions each message of the server waits for those of the client before it', async () => {
  const lines = ['c:a', 'head', 's:1', 'c:b', 's:2', 's:3', 'c.', 's:4'];
  const { open, failures } = replaying([recordedCall(lines)]);
  const client = driven();
  client.say('a');
  const answer = await open(call(client.body));
  const server = partsOf(answer);
  expect(await next(server)).toBe('1');
  const second = next(server);
  expect(await Promise.race([second, Promise.resolve('waits')])).toBe('waits');
  client.say('b');
  expect(await second).toBe('2');
  expect(await next(server)).toBe('3');
  client.stop();
  expect(await next(server)).toBe('4');
  expect(await next(server)).toBe('');
  expect(await next(server)).toBeUndefined();
  expect(await answer.ending).toEqual(okay);
  expect(failures).toEqual([]);
});

test('a server that sent its head first does so before anything is said', async () => {
  const { open } = replaying([recordedCall(['head', 'c:a', 's:1', 'c.'])]);
  const client = driven();
  const answer = await open(call(client.body));
  expect(answer.head?.status).toBe(200);
  client.say('a');
  client.stop();
  expect((await texts(answer)).slice(0, 6)).toBe(frames('1').toString('latin1'));
});

test('another message ends a strict call with a status, and is let pass elsewhere', async () => {
  const lines = ['c:a', 'head', 's:1', 'c:b', 's:2', 'c.'];
  const strict = replaying([recordedCall(lines)]);
  const answer = await strict.open(call(said('a', 'other')));
  expect(await texts(answer)).toBe(frames('1').toString('latin1'));
  const ending = await answer.ending;
  const trailers = ending.type === 'finished' ? ending.trailers : [];
  expect(headerValue(trailers, 'grpc-status')).toBe('9');
  expect(headerValue(trailers, 'x-magneto-failure')).toBe('SEQUENCE_MISMATCH');
  expect(answer.outcome).toBe('missed');
  expect(strict.failures.map(({ code }) => code)).toEqual(['SEQUENCE_MISMATCH']);
  const lenient = replaying([recordedCall(lines)], false);
  const passed = await lenient.open(call(said('a', 'other')));
  expect((await texts(passed)).slice(0, 12)).toBe(frames('1', '2').toString('latin1'));
  expect(await passed.ending).toEqual(okay);
  expect(lenient.failures).toHaveLength(1);
});

test('a client that differs after its first message, before the head, is refused before the head', async () => {
  const early = recordedCall(['c:a', 'head', 's:1']);
  const late = recordedCall(['c:x', 'c:b', 'c.', 'head', 's:1']);
  const answer = await replaying([early, late]).open(call(said('x', 'other')));
  expect(answer).toMatchObject({ outcome: 'missed', failure: { code: 'SEQUENCE_MISMATCH' } });
});

test('a client that left is left again: the call stays open until then', async () => {
  const gone = { type: 'reset', by: 'client', code: 8 } as const;
  const one = recordedCall(['c:a', 'head', 's:1'], { ending: gone });
  const asked = call(said('a'));
  const answer = await replaying([one]).open(asked);
  const server = partsOf(answer);
  expect(await next(server)).toBe('1');
  expect(await next(server)).toBe('');
  const over = next(server);
  expect(await Promise.race([over, Promise.resolve('open')])).toBe('open');
  asked.leave(gone);
  expect(await over).toBeUndefined();
  expect(await answer.ending).toEqual(gone);
});

test('a client that leaves where the recording has more from it ends the call as it did', async () => {
  const gone = { type: 'reset', by: 'client', code: 8 } as const;
  const asked = call(said('a'));
  const { open } = replaying([recordedCall(['c:a', 'head', 's:1', 'c:b', 's:2'])]);
  const answer = await open(asked);
  const server = partsOf(answer);
  expect(await next(server)).toBe('1');
  asked.leave(gone);
  expect(await next(server)).toBeUndefined();
  expect(await answer.ending).toEqual(gone);
});

test('a call that its client gave up at once does not stand in the way of those that went on', async () => {
  const gone = { type: 'reset', by: 'client', code: 8 } as const;
  const given = recordedCall([], { ending: gone });
  const { open } = replaying([given, unary('a', '1')]);
  expect(await texts(await open(call(said('a'))))).toBe(frames('1').toString('latin1'));
  const only = await replaying([given]).open(call(driven().body));
  expect(only.head).toBeUndefined();
  expect(only.ending).toEqual(gone);
});

test('pauses are data: before the head, each message and the end', async () => {
  const one = recordedCall(['c:a', 'c.', 'wait', 'head', 's:1', 'wait', 's:2']);
  const answer = await replaying([one]).open(call(said('a')));
  expect(answer.delayMs).toBe(2);
  const delays: (number | undefined)[] = [];
  for await (const { delayMs } of answer.body as Parts) delays.push(delayMs);
  expect(delays).toEqual([1, 2, 1]);
  const whole = await replaying([unary('a', '1')]).open(call(said('a')));
  expect([whole.delayMs, whole.bodyDelayMs]).toEqual([1, 2]);
});

test('in the midst of a call nothing falls through; a miss does, with all that was said', async () => {
  const { upstream } = replaying([unary('a', '1'), recordedCall(['c:z', 'head', 's:1', 'c:y'])]);
  const seen: string[] = [];
  const network = upstreamOf(async ({ body }) => {
    seen.push(await read(body));
    return callAnswer({});
  });
  const both = either(upstream, network);
  await both.open(call(said('b', 'c')).exchange);
  expect(seen).toEqual([frames('b', 'c').toString('latin1')]);
  const answer = await both.open(call(said('z', 'y')).exchange);
  expect((await read(answer.body)).slice(0, 6)).toBe(frames('1').toString('latin1'));
  expect(seen).toHaveLength(1);
});
