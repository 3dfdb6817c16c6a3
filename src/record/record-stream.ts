import type { Draft } from '../cassette/cassette.ts';
import type { Body, Ending, Part, Parts } from '../exchange/conversation.ts';
import { authorityOf } from '../exchange/destination.ts';
import type { StreamExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { Truncated } from '../exchange/interaction.ts';
import type { Answer, Outcome, Upstream } from '../exchange/upstream.ts';
import { withChanges } from '../exchange/changes.ts';
import type { RecordOptions } from './commit.ts';
import { asFailure, interactionId, round } from './commit.ts';
import { limitTime } from './recording-time.ts';
import type { StreamTap } from './stream-tap.ts';
import { createStreamTap } from './stream-tap.ts';

/** What recording a raw stream needs. */
export type StreamOptions = Pick<
  RecordOptions,
  'begin' | 'nextSequence' | 'bodyBytesMax' | 'streamMsMax' | 'cutUnwritten' | 'onUnrecorded'
>;

/**
 * The answer to a raw stream, which is written as it goes on. The relay is as it was: pieces pass as
 * they come, and one side may go on after the other has ended.
 */
export async function recordStream(
  upstream: Upstream,
  options: StreamOptions,
  exchange: StreamExchange,
): Promise<Answer> {
  const tap = createStreamTap({
    begin: () => beginDraft(options, exchange),
    startedAt: exchange.startedAt,
    bytesMax: options.bodyBytesMax,
    onTruncated: (why) => tellTruncated(options, exchange, why),
  });
  const body = tapped(exchange.body, tap, () => !exchange.signal.aborted);
  const answer = await upstream.open(withChanges(exchange, { body }));
  if (answer.failure !== undefined || answer.body === undefined) return answer;
  return recordAnswer({ answer, tap, options, exchange });
}

interface Recording {
  readonly answer: Answer;
  readonly tap: StreamTap;
  readonly options: StreamOptions;
  readonly exchange: StreamExchange;
}

/** Writes the end of a stream, once. */
interface Writing {
  readonly once: (ending: Ending) => Promise<void>;
  readonly outcome: () => Outcome;
}

function createWriting({ answer, tap, options, exchange }: Recording): Writing {
  let outcome: Outcome = 'recorded';
  let written: Promise<void> | undefined;
  const finish = async (ending: Ending): Promise<void> => {
    const endMs = round(performance.now() - exchange.startedAt);
    const { alpn } = answer;
    try {
      await tap.finish({ timing: { endMs }, ending, ...(alpn !== undefined && { alpn }) });
    } catch (error) {
      options.onUnrecorded(exchange, asFailure(error));
      outcome = options.cutUnwritten ? 'failed' : 'forwarded';
    }
  };
  const once = (ending: Ending): Promise<void> => {
    unlimit();
    written ??= finish(ending);
    return written;
  };
  const unlimit = limitTime({
    startedAt: exchange.startedAt,
    streamMsMax: options.streamMsMax,
    what: whereOf(exchange),
    onUp(failure) {
      if (tap.timeUp()) options.onUnrecorded(exchange, failure);
      void once({ type: 'cut', by: 'server' });
    },
  });
  return { once, outcome: () => outcome };
}

function recordAnswer(recording: Recording): Answer {
  const { answer, tap } = recording;
  const { promise, resolve } = Promise.withResolvers<Ending>();
  tap.start();
  const writing = createWriting(recording);
  async function* pass(): Parts {
    try {
      for await (const part of partsOf(answer.body)) {
        const room = tap.heard('server', part);
        if (room !== undefined) await room;
        yield part;
      }
    } finally {
      const ending = await answer.ending;
      const inOrder = ending.type === 'finished';
      tap.over('server', inOrder);
      // A client that goes on after its server's end is heard to its own, and does not have to wait.
      const goesOn = inOrder && !tap.isClientOver();
      if (goesOn) void tap.clientOver.then(() => writing.once(ending));
      else await writing.once(ending);
      resolve(writing.outcome() === 'failed' ? { type: 'cut', by: 'server' } : ending);
    }
  }
  return withChanges(answer, {
    body: pass(),
    ending: promise,
    get outcome() {
      return writing.outcome();
    },
    get truncated() {
      return tap.truncated();
    },
  });
}

function beginDraft(options: StreamOptions, exchange: StreamExchange): Draft {
  const sequence = options.nextSequence();
  const { host, port, secure } = exchange.destination;
  return options.begin({
    id: interactionId(sequence),
    kind: 'stream',
    startedAt: new Date(performance.timeOrigin + exchange.startedAt).toISOString(),
    sequence,
    request: {
      method: '',
      destination: { host, port, secure },
      path: '',
      httpVersion: '',
      headers: [],
    },
  });
}

/** What the client says, shown to the tap before it is passed on: what it causes comes after it. */
async function* tapped(body: Body, tap: StreamTap, inOrder: () => boolean): Parts {
  let whole = false;
  try {
    for await (const part of partsOf(body)) {
      const room = tap.heard('client', part);
      if (room !== undefined) await room;
      yield part;
    }
    whole = inOrder();
  } finally {
    tap.over('client', whole);
  }
}

async function* partsOf(body: Body): AsyncGenerator<Part, void> {
  if (Buffer.isBuffer(body)) yield { atMs: 0, kind: 'data', bytes: body };
  else if (body !== undefined) yield* body;
}

function tellTruncated(options: StreamOptions, exchange: StreamExchange, why: Truncated): void {
  const where = whereOf(exchange);
  const failure =
    why === 'encrypted'
      ? new Failure('STREAM_ENCRYPTED', where)
      : new Failure('BODY_TOO_LARGE', `${where} passes ${options.bodyBytesMax} bytes`);
  options.onUnrecorded(exchange, failure);
}

function whereOf({ destination }: StreamExchange): string {
  return `a raw stream to ${authorityOf(destination)}`;
}
