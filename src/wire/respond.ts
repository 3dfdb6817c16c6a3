import type { ServerResponse } from 'node:http';
import type { Ending, Parts } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { flatHeaders, headerTokens } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import { announcedLength, isChunked, mayHaveBody } from '../exchange/http.ts';
import type { Answer } from '../exchange/upstream.ts';
import { write } from '../support/write.ts';
import type { OwnAnswer } from './refuse.ts';
import { endedBeforeHead, refusal } from './refuse.ts';

/** An exchange, its answer, and the response that takes it to the client. */
export interface Responding {
  readonly response: ServerResponse;
  readonly exchange: HttpExchange;
  readonly answer: Answer;
  /** Status of a replay miss. */
  readonly missStatus: number;
  /** Ends the client's connection with a RST. */
  readonly reset: () => void;
}

/** Writes an answer to the client as it comes, and ends the connection the way the destination ended it. */
export async function respond(responding: Responding): Promise<void> {
  const { response, exchange, answer } = responding;
  const failure = answer.failure;
  if (failure !== undefined) return writeOwn(response, refusal(failure, responding.missStatus));
  if (answer.head === undefined) return respondWithoutHead(responding);
  writeHead(response, answer.head, exchange.head.method);
  if (answer.body === undefined || Buffer.isBuffer(answer.body)) {
    const ending = answer.ending instanceof Promise ? await answer.ending : answer.ending;
    if (ending.type === 'finished' && ending.trailers.length === 0) {
      if (answer.body === undefined) response.end();
      else response.end(answer.body);
      return;
    }
    if (answer.body !== undefined) await write(response, answer.body);
    return finish(responding, ending);
  }
  await writeParts(response, answer.body);
  return finish(responding, await answer.ending);
}

/** Passes an interim (1xx) head on at once, in between whatever the response does later. */
export function writeInterim(response: ServerResponse, head: ResponseHead): void {
  if (response.headersSent || response.socket === null) return;
  if (head.status === 100 && head.headers.length === 0) response.writeContinue();
  else response.socket.write(headBytes(head));
}

/** Writes an answer of magneto's own. */
export function writeOwn(response: ServerResponse, own: OwnAnswer): void {
  writeHead(response, own.head, 'GET');
  response.end(own.body);
}

async function respondWithoutHead(responding: Responding): Promise<void> {
  const ending = await responding.answer.ending;
  const failure = endedBeforeHead(ending, responding.exchange.destination);
  if (failure !== undefined) return writeOwn(responding.response, refusal(failure));
  return finish(responding, ending);
}

/** Sends the head exactly as given: Node adds nothing but `Connection`, and that only where the connection is to close. */
function writeHead(response: ServerResponse, head: ResponseHead, method: string): void {
  response.sendDate = false;
  const old = response.req.httpVersion === '1.0';
  if (response.shouldKeepAlive && !old) response.removeHeader('connection');
  let headers = head.headers;
  if (old && isChunked(headers)) {
    // HTTP/1.0 knows no chunks (RFC 9112, 6.1): the end of the connection ends the body.
    headers = headers.filter(([name]) => name.toLowerCase() !== 'transfer-encoding');
    response.shouldKeepAlive = false;
  }
  if (announcedLength(headers) === undefined && !isChunked(headers)) {
    // Removed means "do not add one of your own": such a body ends with the connection.
    response.removeHeader('transfer-encoding');
    response.removeHeader('content-length');
    if (mayHaveBody(method, head.status)) response.shouldKeepAlive = false;
  }
  response.writeHead(head.status, head.statusText, flatHeaders(headers));
}

async function writeParts(response: ServerResponse, parts: Parts): Promise<void> {
  // Node keeps a head back until the first body bytes; a slow body must not delay it.
  response.flushHeaders();
  for await (const part of parts) {
    if (!(await write(response, part.bytes))) return;
  }
}

function finish({ response, reset }: Responding, ending: Ending): void {
  const socket = response.socket;
  switch (ending.type) {
    case 'finished':
      if (ending.trailers.length > 0)
        response.addTrailers(ending.trailers.map(([name, value]): [string, string] => [name, value]));
      response.end();
      return;
    case 'reset':
      if (ending.by === 'client') return;
      afterFlush(response, reset);
      return;
    case 'cut':
      // A client that gave up had waited: the replay lets it wait again.
      if (ending.by === 'client') return;
      afterFlush(response, () => socket?.destroySoon());
      return;
    default:
      afterFlush(response, () => socket?.destroy());
  }
}

/** Runs the action once all bytes written so far are with the kernel. */
function afterFlush(response: ServerResponse, action: () => void): void {
  const socket = response.socket;
  if (socket === null || socket.destroyed) return;
  socket.uncork();
  socket.write('', () => action());
}

/** The bytes of a head on a socket that no HTTP writer holds; `Connection` is hop-by-hop and put back for a 101. */
export function headBytes(head: ResponseHead): Buffer {
  const lines = head.headers.map(([name, value]) => `${name}: ${value}\r\n`);
  const upgrades = head.status === 101 && headerTokens(head.headers, 'connection').length === 0;
  if (upgrades) lines.push('Connection: Upgrade\r\n');
  return Buffer.from(
    `HTTP/1.1 ${head.status} ${head.statusText}\r\n${lines.join('')}\r\n`,
    'latin1',
  );
}
