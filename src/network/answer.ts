import type { ClientRequest, IncomingMessage } from 'node:http';
import { clientEnding } from '../exchange/client-left.ts';
import type { Ending, Parts } from '../exchange/conversation.ts';
import { finished } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { endToEnd, headersFromFlat } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import { announcedLength, icyVersion, isChunked, mayHaveBody } from '../exchange/http.ts';
import type { Answer } from '../exchange/upstream.ts';
import type { Connection } from './connection.ts';
import { resetByServer } from './endings.ts';
import { readParts } from './parts.ts';

/** How many interim (1xx) heads a server may send before it counts as broken. */
export const interimMax = 100;

/** An answer that is coming in. */
export interface Incoming {
  readonly exchange: HttpExchange;
  readonly connection: Connection;
  readonly request: ClientRequest;
  readonly message: IncomingMessage;
  /** It began with `ICY` in the place of an HTTP version. */
  readonly icy?: boolean;
}

/** The head of a message as it came, but for what belongs to its connection only. */
export function headOf(message: {
  readonly statusCode?: number | undefined;
  readonly statusMessage?: string | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}): ResponseHead {
  return {
    status: message.statusCode ?? 0,
    statusText: message.statusMessage ?? '',
    headers: endToEnd(headersFromFlat(message.rawHeaders)),
    httpVersion: message.httpVersion,
  };
}

/**
 * Follows a message from the moment of its head and makes the answer of it in the next turn. A
 * short body that came in one piece with its head is whole in memory, and its ending known.
 */
export function answerOf(incoming: Incoming): () => Answer {
  const { exchange, message, connection } = incoming;
  const plain = headOf(message);
  const head = incoming.icy === true ? { ...plain, httpVersion: icyVersion } : plain;
  const ending = followEnding(incoming);
  return () => {
    const answer = { head, outcome: 'forwarded' } as const;
    const without = bodyWithoutBytes(incoming);
    if (message.complete && connection.broken === undefined) {
      const pieces = bufferedPieces(message);
      // Reading on to the end lets go of the connection.
      message.resume();
      const body = without === 'parts' ? joined(pieces, incoming) : without;
      return { ...answer, body, ending: endOf(message) };
    }
    if (without !== 'parts') {
      message.once('close', ending.settle);
      message.resume();
      return { ...answer, body: without, ending: ending.promise };
    }
    const parts = readParts(message, exchange.startedAt, () => {
      // A reader that stops early gives up the message, and with it the connection.
      if (!message.readableEnded) message.destroy();
      ending.settle();
    });
    return { ...answer, body: parts, ending: ending.promise };
  };
}

/** How a message ends, to be settled when it has been read as far as it will be. */
function followEnding({ exchange, connection, request, message }: Incoming): {
  readonly promise: Promise<Ending>;
  readonly settle: () => void;
} {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const { signal } = exchange;
  let broken: Ending | undefined;
  // A break counts only before the message was whole. Node calls a body that its connection
  // delimits complete after a RST, too: hence the look before Node hears of it.
  connection.onBroken = () => {
    if (!message.complete) broken = connection.broken;
  };
  // What the parser does not take: as good as reset, for the bytes after it have no meaning.
  request.on('error', () => {
    if (!message.complete) broken ??= connection.lost ?? resetByServer;
  });
  message.on('error', () => {});
  const settle = (): void => {
    if (broken === undefined && message.readableEnded) resolve(endOf(message));
    else if (signal.aborted) resolve(clientEnding(signal));
    else resolve(broken ?? connection.lost ?? { type: 'cut', by: 'client' });
  };
  return { promise, settle };
}

/** An absent body, an empty one, or one in parts (RFC 9112, 6.3). */
function bodyWithoutBytes({ exchange, message }: Incoming): Buffer | undefined | 'parts' {
  if (!mayHaveBody(exchange.head.method, message.statusCode ?? 0)) return undefined;
  return announcedLength(headersFromFlat(message.rawHeaders)) === 0 ? Buffer.alloc(0) : 'parts';
}

/** All that a message has buffered: one call of `read` gives one piece, or all, by Node's version. */
function bufferedPieces(message: IncomingMessage): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let piece = read(message); piece !== null; piece = read(message)) pieces.push(piece);
  return pieces;
}

/** A body whole in memory; where it came in several chunks it stays those, for they may be messages. */
function joined(pieces: readonly Buffer[], { message, exchange }: Incoming): Buffer | Parts {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  if (pieces.length === 0 || !isChunked(headersFromFlat(message.rawHeaders))) {
    return Buffer.concat(pieces);
  }
  return partsOf(pieces, performance.now() - exchange.startedAt);
}

async function* partsOf(pieces: readonly Buffer[], atMs: number): Parts {
  for (const bytes of pieces) yield { atMs, kind: 'data', bytes };
}

function read(message: IncomingMessage): Buffer | null {
  return message.read() as Buffer | null;
}

function endOf(message: IncomingMessage): Ending {
  if (message.rawTrailers.length === 0) return finished;
  return { type: 'finished', trailers: headersFromFlat(message.rawTrailers) };
}
