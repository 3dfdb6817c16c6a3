import { clientEnding } from '../exchange/client-left.ts';
import type { Ending, Parts } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { StoredBody } from '../exchange/interaction.ts';
import type { Answer } from '../exchange/upstream.ts';
import { errorWords } from '../support/system-error.ts';
import { withChanges } from '../exchange/changes.ts';

/** An answer whose body lies in a file of its own. */
export interface FromFile {
  readonly exchange: HttpExchange;
  readonly answer: Answer;
  readonly stored: StoredBody;
  /** Told where the file does not have it. */
  readonly onFailure: (failure: Failure) => void;
}

/**
 * The answer, where its file can be read; a refusal where it is gone since the cassette was opened.
 * What turns out to be changed once the body has begun is cut there. Both count as failed.
 */
export async function answerFromFile({
  exchange,
  answer,
  stored,
  onFailure,
}: FromFile): Promise<Answer> {
  const absent = await absence(stored);
  if (absent !== undefined) {
    onFailure(absent);
    return { body: undefined, ending: cutByServer, outcome: 'failed', failure: absent };
  }
  if (answer.body === undefined || Buffer.isBuffer(answer.body)) return answer;
  let failure: Failure | undefined;
  const { promise, resolve } = Promise.withResolvers<Ending>();
  async function* pass(parts: Parts): Parts {
    let ending: Ending | undefined;
    try {
      yield* parts;
      ending = await answer.ending;
    } catch (error) {
      failure = asCassetteFailure(error);
      onFailure(failure);
      ending = cutByServer;
    } finally {
      resolve(ending ?? clientEnding(exchange.signal));
    }
  }
  return withChanges(answer, {
    body: pass(answer.body),
    ending: promise,
    get outcome() {
      return failure === undefined ? answer.outcome : 'failed';
    },
    get failure() {
      return failure;
    },
  });
}

const cutByServer: Ending = { type: 'cut', by: 'server' };

/** Why a body cannot be read at all: its first piece says so. */
async function absence(stored: StoredBody): Promise<Failure | undefined> {
  const pieces = stored.read()[Symbol.asyncIterator]();
  try {
    await pieces.next();
    await pieces.return?.();
    return undefined;
  } catch (error) {
    return asCassetteFailure(error);
  }
}

function asCassetteFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure('CASSETTE_BODY_MISSING', errorWords(error), { cause: error });
}
