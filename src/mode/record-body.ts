import type { Ending, Part, Parts } from '../exchange/conversation.ts';
import { Failure } from '../exchange/failure.ts';
import { announcedLength } from '../exchange/http.ts';
import type { RecordedResponse } from '../exchange/interaction.ts';
import type { Answer, Outcome } from '../exchange/upstream.ts';
import type { Committed, Recorded } from './commit.ts';
import { commit } from './commit.ts';

/** The answer to pass on for an ordinary response, written before its end leaves. */
export async function recordBody(recorded: Recorded): Promise<Answer> {
  const { answer } = recorded;
  const { body } = answer;
  if (body !== undefined && !Buffer.isBuffer(body)) return recordParts(recorded, body);
  const ending = await answer.ending;
  const outcome = await commitAnswer(recorded, { body, size: body?.length ?? 0, ending });
  if (outcome !== 'failed') return { ...answer, ending, outcome };
  const failure = new Failure('RECORDING_FAILED', 'the exchange could not be written');
  return { ...answer, ending, outcome, failure };
}

/** Passes a body on as it comes and keeps it; the part that completes it, or its ending, waits for the log. */
function recordParts(recorded: Recorded, body: Parts): Answer {
  const { answer } = recorded;
  const announced = answer.head === undefined ? undefined : announcedLength(answer.head.headers);
  const kept = keeper(recorded.options.bodyBytesMax);
  let outcome: Outcome = 'forwarded';
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const write = async (): Promise<Ending> => {
    const ending = await answer.ending;
    const committed = await commitAnswer(recorded, { ...kept.whole(), ending });
    outcome = committed;
    return committed === 'failed' ? { type: 'cut', by: 'server' } : ending;
  };
  async function* pass(): Parts {
    let held: Part | undefined;
    let ending: Ending | undefined;
    try {
      for await (const part of body) {
        if (held !== undefined) yield held;
        held = undefined;
        kept.add(part.bytes);
        // With an announced length the client knows the end by its bytes: they wait, not the ending.
        if (kept.size() === announced) held = part;
        else yield part;
      }
      ending = await write();
      if (held !== undefined && outcome !== 'failed') yield held;
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
  };
}

interface Kept {
  /** Nothing where there was no body, or where it passed the limit. */
  readonly body: Buffer | undefined;
  readonly size: number;
}

function keeper(bytesMax: number): {
  readonly add: (bytes: Buffer) => void;
  readonly size: () => number;
  readonly whole: () => Kept;
} {
  const kept: Buffer[] = [];
  let size = 0;
  return {
    add(bytes) {
      size += bytes.length;
      if (size <= bytesMax) kept.push(bytes);
      else kept.length = 0;
    },
    size: () => size,
    whole: () => ({ body: size <= bytesMax ? Buffer.concat(kept) : undefined, size }),
  };
}

async function commitAnswer(
  recorded: Recorded,
  { body, size, ending }: Kept & { readonly ending: Ending },
): Promise<Committed> {
  const { options, exchange } = recorded;
  if (size > options.bodyBytesMax) {
    options.onUnrecorded(exchange, tooLarge(recorded, size));
    return 'forwarded';
  }
  const response = responseOf(recorded, body);
  return commit(recorded, { ...(response === undefined ? {} : { response }), ending });
}

function responseOf(recorded: Recorded, body: Buffer | undefined): RecordedResponse | undefined {
  const { head } = recorded.answer;
  if (head === undefined) return undefined;
  const informational = recorded.tap.informational();
  return {
    ...head,
    ...(body === undefined ? {} : { body }),
    ...(informational === undefined ? {} : { informational }),
  };
}

function tooLarge(recorded: Recorded, size: number): Failure {
  const { head, destination } = recorded.exchange;
  const { bodyBytesMax } = recorded.options;
  const words = `the answer of ${destination.host} to ${head.method} has ${size} bytes, more than ${bodyBytesMax}`;
  return new Failure('BODY_TOO_LARGE', words);
}
