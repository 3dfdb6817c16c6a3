import type { Body, Ending, Parts, Side } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { Answer, Outcome, Upstream } from '../exchange/upstream.ts';
import type { GrpcBreak, GrpcReader } from '../support/grpc-frames.ts';
import { createGrpcReader } from '../support/grpc-frames.ts';
import { withChanges } from '../exchange/changes.ts';
import type { Committed, RecordOptions } from './commit.ts';
import type { GrpcLog } from './grpc-log.ts';
import { createGrpcLog } from './grpc-log.ts';

/** A gRPC call that is being recorded: both sides are read as they pass. */
interface Call {
  readonly options: RecordOptions;
  readonly exchange: HttpExchange;
  readonly log: GrpcLog;
  readonly client: GrpcReader;
  readonly server: GrpcReader;
}

/** Passes a gRPC call on at once and writes it message by message; its end leaves only after it was written. */
export async function recordGrpc(
  upstream: Upstream,
  options: RecordOptions,
  exchange: HttpExchange,
): Promise<Answer> {
  const call: Call = {
    options,
    exchange,
    log: createGrpcLog(options, exchange),
    client: createGrpcReader(options.bodyBytesMax),
    server: createGrpcReader(options.bodyBytesMax),
  };
  const answer = await upstream.open(withChanges(exchange, { body: sentBody(call) }));
  if (answer.failure !== undefined) {
    await call.log.abandon();
    return answer;
  }
  if (answer.head !== undefined) call.log.answered(answer.head);
  const { body } = answer;
  return body === undefined || Buffer.isBuffer(body)
    ? recordWhole(call, answer, body)
    : recordStream(call, answer, body);
}

/** The client's side, read as it passes, and that it has said its last. */
function sentBody(call: Call): Body {
  const { exchange, log } = call;
  const { body } = exchange;
  const over = (): Promise<void> | undefined =>
    log.said('client', { kind: 'end', bytes: Buffer.alloc(0), compressed: false });
  if (body === undefined || Buffer.isBuffer(body)) {
    if (body !== undefined) void note(call, 'client', body);
    void over();
    return body;
  }
  async function* pass(parts: Parts): Parts {
    for await (const part of parts) {
      await note(call, 'client', part.bytes);
      yield part;
    }
    // A client that broke off has not said its last.
    if (exchange.signal.aborted) return;
    await note(call, 'client', undefined);
    await over();
  }
  return pass(body);
}

/** Notes the messages that some bytes complete; without bytes, what is left of one that was broken off. */
async function note(call: Call, side: Side, bytes: Buffer | undefined): Promise<void> {
  const reader = call[side];
  for (const piece of bytes === undefined ? reader.end() : reader.take(bytes)) {
    await call.log.said(side, piece);
  }
}

async function recordWhole(call: Call, answer: Answer, body: Buffer | undefined): Promise<Answer> {
  if (body !== undefined) await note(call, 'server', body);
  const { ending, outcome } = await end(call, answer);
  const truncated = call.log.truncated();
  if (outcome !== 'failed') return { ...answer, ending, outcome, truncated };
  const failure = new Failure('RECORDING_FAILED', 'the call could not be written');
  return { ...answer, ending, outcome, failure };
}

function recordStream(call: Call, answer: Answer, body: Parts): Answer {
  let outcome: Outcome = 'forwarded';
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const write = async (): Promise<Ending> => {
    const ended = await end(call, answer);
    outcome = ended.outcome;
    return ended.outcome === 'failed' ? { type: 'cut', by: 'server' } : ended.ending;
  };
  async function* pass(): Parts {
    let ending: Ending | undefined;
    try {
      for await (const part of body) {
        await note(call, 'server', part.bytes);
        yield part;
      }
      ending = await write();
    } finally {
      // Also where the client left midway and nobody reads on: what came is recorded with that ending.
      resolve(ending ?? (await write()));
    }
  }
  return {
    ...answer,
    body: pass(),
    ending: promise,
    get outcome() {
      return outcome;
    },
    get truncated() {
      return call.log.truncated();
    },
  };
}

/** Writes the call; one whose messages do not fill their frames is never written as one that finished. */
async function end(
  call: Call,
  answer: Answer,
): Promise<{ readonly ending: Ending; readonly outcome: Committed }> {
  const ending = await answer.ending;
  await note(call, 'server', undefined);
  const broken = brokenSide(call);
  const isHalf = ending.type === 'finished' && broken !== undefined;
  if (isHalf) call.options.onUnrecorded(call.exchange, brokenFrame(call.exchange, broken));
  const written: Ending =
    isHalf && broken.side === 'server' ? { type: 'cut', by: 'server' } : ending;
  return { ending, outcome: await call.log.commit(written) };
}

interface Broken {
  readonly side: Side;
  readonly why: GrpcBreak;
}

function brokenSide(call: Call): Broken | undefined {
  for (const side of ['server', 'client'] as const) {
    const why = call[side].broken();
    if (why !== undefined) return { side, why };
  }
  return undefined;
}

function brokenFrame({ destination, head }: HttpExchange, { side, why }: Broken): Failure {
  const words = {
    flag: 'has a flag that gRPC does not know',
    length: 'is longer than MAGNETO_BODY_BYTES_MAX',
    end: 'is longer than its stream',
  };
  const what = `${destination.host}${head.path}: a message of the ${side} ${words[why]}`;
  return new Failure('GRPC_FRAME_BROKEN', what);
}
