import type { Duplex } from 'node:stream';
import { Failure } from '../exchange/failure.ts';
import { errorCode } from '../support/system-error.ts';
import type { Connection } from './connection.ts';
import { endWith } from './farewell.ts';
import { answerBytes, refusal } from './refuse.ts';

/** The largest head of a request, in bytes. */
export const headBytesMax = 256 * 1024;

/** Who hears of connections that did not go well. */
export interface Listeners {
  readonly onFailure: (failure: Failure) => void;
  readonly onLost: (where: string, error: unknown) => void;
}

/**
 * Refuses what Node's parser did not take (400, or 431), once on a connection and after the answers
 * to what came before it; nothing of it reaches an upstream. Other errors just end the connection.
 */
export function refuseMalformed(listeners: Listeners, connection: Connection, error: Error): void {
  // Node tells of every further piece that comes after the first bad one.
  if (connection.refused) return;
  const { socket } = connection.arrival;
  const failure = failureOf(error);
  if (failure === undefined || !socket.writable) {
    listeners.onLost('http', error);
    socket.destroy();
    return;
  }
  connection.refused = true;
  listeners.onFailure(failure);
  const words = answerBytes(refusal(failure));
  const { inFlight } = connection;
  const broken = inFlight.find(({ request }) => !request.complete);
  if (broken === undefined) return connection.whenIdle(() => endWith(socket, words));
  // Its body will never be whole.
  broken.leave({ type: 'cut', by: 'client' });
  cutBroken(socket, { words, mayAnswer: inFlight.length === 1 && !broken.response.headersSent });
}

function cutBroken(
  socket: Duplex,
  answer: { readonly words: Buffer; readonly mayAnswer: boolean },
): void {
  // Words in the middle of another answer would be taken for a part of it.
  if (answer.mayAnswer) endWith(socket, answer.words);
  else socket.destroy();
}

function failureOf(error: Error): Failure | undefined {
  const code = errorCode(error) ?? '';
  // A client that leaves amid its request is lost, not at fault.
  if (!code.startsWith('HPE_') || code === 'HPE_INVALID_EOF_STATE') return undefined;
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Failure('HEADERS_TOO_LARGE', `a request head passed ${headBytesMax} bytes`);
  }
  return new Failure('MALFORMED_HTTP', `${error.message} (${code})`, { cause: error });
}
