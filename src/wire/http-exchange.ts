import type { IncomingMessage } from 'node:http';
import type { Body, Ending, Parts } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { endToEnd, headersFromFlat } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import { passedBy } from '../support/swept.ts';
import type { Target } from './target.ts';

/** An exchange together with the wire's own hold on it. */
export interface LiveExchange {
  readonly exchange: HttpExchange;
  /** Says that the client has gone, and how. */
  readonly leave: (ending: Ending) => void;
}

/** What the wire puts into an exchange. */
export interface ExchangeParts {
  readonly kind: HttpExchange['kind'];
  readonly request: IncomingMessage;
  readonly target: Target;
  readonly body: Body;
  readonly upgraded?: Parts;
  readonly startedAt: number;
  readonly inform: (head: ResponseHead) => void;
}

let count = 0;

/** The next exchange id of this run. */
export function nextExchangeId(): string {
  count += 1;
  return count.toString(36);
}

/** Makes the exchange of a parsed request. */
export function liveExchange(parts: ExchangeParts): LiveExchange {
  const { kind, request, target, body, upgraded, startedAt, inform } = parts;
  return liven({
    kind,
    destination: target.destination,
    startedAt,
    head: {
      method: request.method ?? 'GET',
      path: target.path,
      headers: endToEnd(headersFromFlat(request.rawHeaders)),
      httpVersion: request.httpVersion,
    },
    body,
    ...(upgraded !== undefined && { upgraded }),
    trailers: () => headersFromFlat(request.rawTrailers),
    inform,
  });
}

/** Gives an exchange its id and its signal, which is made only when somebody asks for it. */
export function liven(parts: Omit<HttpExchange, 'id' | 'signal'>): LiveExchange {
  let controller: AbortController | undefined;
  let left: Ending | undefined;
  const exchange: HttpExchange = {
    id: nextExchangeId(),
    ...parts,
    get signal() {
      controller ??= new AbortController();
      if (left !== undefined) controller.abort(left);
      return controller.signal;
    },
  };
  const leave = (ending: Ending): void => {
    left ??= ending;
    controller?.abort(left);
  };
  return { exchange, leave };
}

/** The body of a request: absent without Content-Length and Transfer-Encoding, empty with length 0, else in parts. */
export function requestBody(request: IncomingMessage, startedAt: number): Body {
  const length = request.headers['content-length'];
  const chunked = request.headers['transfer-encoding'] !== undefined;
  if (length === undefined && !chunked) return undefined;
  if (!chunked && Number(length) === 0) return Buffer.alloc(0);
  return readParts(request, startedAt);
}

/** Reads a request's body as it comes; a client that breaks off ends it quietly, the exchange's signal says how. */
async function* readParts(request: IncomingMessage, startedAt: number): Parts {
  try {
    // Stopping early must not destroy the socket: the answer still has to go out on it.
    const pieces: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
    for await (const bytes of pieces) {
      yield { atMs: performance.now() - startedAt, kind: 'data', bytes };
      passedBy(bytes.length);
    }
  } catch {
    // The signal of the exchange carries the reason.
  }
}
