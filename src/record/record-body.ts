import type { Ending, Part, Parts } from '../exchange/conversation.ts';
import { Failure } from '../exchange/failure.ts';
import type { ResponseHead } from '../exchange/http.ts';
import { announcedLength } from '../exchange/http.ts';
import type { Chunk, RecordedResponse } from '../exchange/interaction.ts';
import type { Answer, Outcome } from '../exchange/upstream.ts';
import type { Committed, Recorded, RecordedEnd } from './commit.ts';
import { commit, commitDraft, draftStart } from './commit.ts';
import type { Pieces } from './pieces.ts';
import { createPieces, streamsByType } from './pieces.ts';

/** The answer to pass on for an ordinary response, written before its end leaves. */
export async function recordBody(recorded: Recorded): Promise<Answer> {
  const { answer, options } = recorded;
  const { body, head } = answer;
  if (head !== undefined && body !== undefined) {
    if (!Buffer.isBuffer(body)) return recordParts(recorded, { head, body });
    if (body.length > options.bodyBytesMax) {
      return recordParts(recorded, { head, body: onePart(body, recorded.headMs) });
    }
  }
  const ending = await answer.ending;
  const whole = Buffer.isBuffer(body) ? { body } : {};
  const outcome = await write(recorded, { ending, ...whole });
  const { limited } = recorded.keeping;
  const more = { ending, outcome, ...(limited === undefined ? {} : { truncated: limited }) };
  if (outcome !== 'failed') return { ...answer, ...more };
  const failure = new Failure('RECORDING_FAILED', 'the exchange could not be written');
  return { ...answer, ...more, failure };
}

/** A failure of our own is no answer of a server: nothing is written, but for what is in a draft already. */
export async function recordFailed(recorded: Recorded): Promise<Answer> {
  recorded.keeping.close();
  if (recorded.keeping.draft !== undefined) await write(recorded, { ending: cutByServer });
  return recorded.answer;
}

interface InParts {
  readonly head: ResponseHead;
  readonly body: Parts;
}

/** Passes a body on as it comes and keeps it; the part that completes it, or its ending, waits for the log. */
function recordParts(recorded: Recorded, { head, body }: InParts): Answer {
  const { answer, keeping } = recorded;
  const writing = createWriting(recorded, head);
  keeping.onTimeUp = () => void writing.once(cutByServer);
  keeping.answered(responseOf(recorded) ?? head, streamsByType(head));
  const { promise, resolve } = Promise.withResolvers<Ending>();
  return {
    ...answer,
    body: passOn(recorded, { head, body, writing, over: resolve }),
    ending: promise,
    get outcome() {
      return writing.outcome();
    },
    get truncated() {
      return keeping.limited;
    },
  };
}

interface PassingOn extends InParts {
  readonly writing: Writing;
  /** Told how it ended for the client. */
  readonly over: (ending: Ending) => void;
}

async function* passOn(recorded: Recorded, { head, body, writing, over }: PassingOn): Parts {
  const { answer, keeping } = recorded;
  const announced = announcedLength(head.headers);
  const end = async (): Promise<Ending> => {
    const ending = await answer.ending;
    await writing.once(ending);
    return writing.outcome() === 'failed' ? cutByServer : ending;
  };
  let held: Part | undefined;
  let size = 0;
  let ending: Ending | undefined;
  let askedAt = performance.now();
  try {
    for await (const part of body) {
      const waitedMs = performance.now() - askedAt;
      if (held !== undefined) yield held;
      held = undefined;
      size += part.bytes.length;
      const { bytes, room } = keeping.add('server', part);
      if (bytes > 0) writing.pieces.add({ atMs: part.atMs, bytes, waitedMs });
      if (keeping.truncated !== undefined) void writing.once(cutByServer);
      // With an announced length the client knows the end by its bytes: they wait, not the ending.
      if (size === announced) held = part;
      else yield part;
      // The first bytes do not wait for the disk; the next ones do, where there is no room.
      await room;
      askedAt = performance.now();
    }
    ending = await end();
    if (held !== undefined && writing.outcome() !== 'failed') yield held;
  } finally {
    // Also where the client left midway and nobody reads on: what came is recorded with that ending.
    over(ending ?? (await end()));
  }
}

/** What is to be written of an answer in parts, once: at its end, or when a cap ends the recording. */
interface Writing {
  readonly pieces: Pieces;
  readonly once: (ending: Ending) => Promise<void>;
  readonly outcome: () => Outcome;
}

function createWriting(recorded: Recorded, head: ResponseHead): Writing {
  const pieces = createPieces(head);
  let outcome: Outcome = 'forwarded';
  let written: Promise<void> | undefined;
  return {
    pieces,
    once(ending) {
      written ??= write(recorded, { ending, chunks: pieces.chunks() }).then((committed) => {
        outcome = committed;
      });
      return written;
    },
    outcome: () => outcome,
  };
}

const cutByServer: Ending = { type: 'cut', by: 'server' };

async function* onePart(bytes: Buffer, atMs: number): Parts {
  yield { atMs, kind: 'data', bytes };
}

interface Written {
  readonly ending: Ending;
  /** Of a body that was whole in memory. */
  readonly body?: Buffer;
  readonly chunks?: readonly Chunk[];
}

/** Writes what has been kept; what a cap cut short is written as that, and replays so. */
async function write(recorded: Recorded, { ending, body, chunks }: Written): Promise<Committed> {
  const { keeping } = recorded;
  keeping.close();
  const { draft, truncated } = keeping;
  const head = responseOf(recorded);
  const bytes = body ?? (chunks === undefined ? undefined : keeping.body('server').bytes);
  const matters = draft !== undefined || (chunks !== undefined && chunks.length > 0);
  const end: RecordedEnd = {
    ending: truncated === undefined ? ending : cutByServer,
    ...(truncated === undefined ? {} : { truncated }),
    ...(head === undefined
      ? {}
      : {
          response: {
            ...head,
            ...(bytes === undefined ? {} : { body: bytes }),
            ...(matters ? { chunks: chunks ?? [] } : {}),
          },
        }),
  };
  if (draft === undefined) return commit(recorded, end);
  const request = keeping.asked ? {} : { request: draftStart(recorded).request };
  return commitDraft(recorded, draft, { ...end, ...request });
}

function responseOf(recorded: Recorded): RecordedResponse | undefined {
  const { head } = recorded.answer;
  if (head === undefined) return undefined;
  const informational = recorded.tap.informational();
  return { ...head, ...(informational === undefined ? {} : { informational }) };
}
