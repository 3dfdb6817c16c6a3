import type { Ending, Parts } from '../exchange/conversation.ts';
import { Failure } from '../exchange/failure.ts';
import { announcedLength } from '../exchange/http.ts';
import type { RecordedResponse } from '../exchange/interaction.ts';
import type { Answer, Outcome } from '../exchange/upstream.ts';
import type { Recorded } from './commit.ts';
import { commit } from './commit.ts';

/** The answer to pass on for an ordinary response, written before its end leaves. */
export async function recordBody(recorded: Recorded): Promise<Answer> {
  const { answer } = recorded;
  const { body } = answer;
  if (body !== undefined && !Buffer.isBuffer(body)) return recordParts(recorded, body);
  const ending = await answer.ending;
  const response = responseOf(recorded, body);
  const written = await commit(recorded, { ...(response === undefined ? {} : { response }), ending });
  if (written) return { ...answer, ending, outcome: 'recorded' };
  const failure = new Failure('RECORDING_FAILED', 'the exchange could not be written');
  return { ...answer, outcome: 'failed', failure };
}

/** Passes a body on as it comes and keeps it; the part that completes it, or its ending, waits for the log. */
function recordParts(recorded: Recorded, body: Parts): Answer {
  const { answer, options, exchange } = recorded;
  const announced = answer.head === undefined ? undefined : announcedLength(answer.head.headers);
  const kept: Buffer[] = [];
  let size = 0;
  let outcome: Outcome = 'forwarded';
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const write = async (): Promise<boolean> => {
    const ending = await answer.ending;
    if (size > options.bodyBytesMax) {
      options.onUnrecorded(exchange, tooLarge(recorded, size));
      resolve(ending);
      return true;
    }
    const response = responseOf(recorded, Buffer.concat(kept));
    const written = await commit(recorded, { ...(response === undefined ? {} : { response }), ending });
    outcome = written ? 'recorded' : 'failed';
    resolve(written ? ending : { type: 'cut', by: 'server' });
    return written;
  };
  const keep = (bytes: Buffer): void => {
    size += bytes.length;
    if (size <= options.bodyBytesMax) kept.push(bytes);
    else kept.length = 0;
  };
  async function* pass(): Parts {
    let written = false;
    try {
      for await (const part of body) {
        keep(part.bytes);
        // With an announced length the client knows the end by its bytes: they wait, not the ending.
        written = size === announced;
        if (!written || (await write())) yield part;
      }
    } finally {
      // Also where the client left midway and nobody reads on: what came is recorded with that ending.
      if (!written) await write();
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
  const { head } = recorded.exchange;
  return new Failure('BODY_TOO_LARGE', `the answer to ${head.method} has ${size} bytes`);
}
