import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Ending, Parts } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import type { Headers } from '../exchange/headers.ts';
import { flatHeaders, headerTokens } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import { announcedLength, icyVersion, isChunked, mayHaveBody } from '../exchange/http.ts';
import type { Answer } from '../exchange/upstream.ts';
import { write } from '../support/write.ts';
import { endSoon } from './farewell.ts';
import { beginWithIcy } from './icy.ts';
import type { OwnAnswer } from './refuse.ts';
import { endedBeforeHead } from './refuse.ts';
import { refusalTo } from './refuse-grpc.ts';

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
  if (failure !== undefined) {
    const own = refusalTo(exchange.head.headers, failure, responding.missStatus);
    return writeOwn(response, own);
  }
  if (answer.head === undefined) return respondWithoutHead(responding);
  writeHead(response, inHttp1(answer.head, exchange.head.method), exchange.head.method);
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

/** A function that passes interim (1xx) heads on at once, in between whatever the response does later. */
export function interimWriter(response: ServerResponse): (head: ResponseHead) => void {
  let continued = false;
  return (head) => {
    // HTTP/1.0 knows no interim heads (RFC 9110, 15.2).
    if (response.headersSent || response.req.httpVersion === '1.0') return;
    if (head.status === 100 && head.headers.length === 0) {
      // Both halves of an `either` may ask for the body; the client is asked once.
      if (!continued) response.writeContinue();
      continued = true;
    } else if (response.socket === null) {
      // Answers to earlier requests of the pipeline go first.
      response.setMaxListeners(0).once('socket', (socket: Duplex) => socket.write(headBytes(head)));
    } else {
      response.socket.write(headBytes(head));
    }
  };
}

/** Writes an answer of magneto's own. */
export function writeOwn(response: ServerResponse, own: OwnAnswer): void {
  writeHead(response, own.head, 'GET');
  response.end(own.body);
}

async function respondWithoutHead(responding: Responding): Promise<void> {
  const { exchange, answer, response } = responding;
  const ending = await answer.ending;
  const failure = endedBeforeHead(ending, exchange.destination);
  if (failure !== undefined) return writeOwn(response, refusalTo(exchange.head.headers, failure));
  // Without a head nothing can have been whole.
  finish(responding, ending.type === 'finished' ? { type: 'cut', by: 'server' } : ending);
}

/** A head of HTTP/2 with what frames its body over HTTP/1.1; any other as it is. */
function inHttp1(head: ResponseHead, method: string): ResponseHead {
  const { httpVersion, status, headers } = head;
  if (!httpVersion.startsWith('2')) return head;
  const statusText = head.statusText || (STATUS_CODES[status] ?? '');
  if (!mayHaveBody(method, status) || announcedLength(headers) !== undefined) {
    return { ...head, statusText };
  }
  return { ...head, statusText, headers: [...headers, ['Transfer-Encoding', 'chunked']] };
}

/** Sends the head exactly as given: Node adds nothing but `Connection`, and that only where the connection is to close. */
function writeHead(response: ServerResponse, head: ResponseHead, method: string): void {
  response.sendDate = false;
  const old = response.req.httpVersion === '1.0';
  const icy = head.httpVersion === icyVersion;
  if ((response.shouldKeepAlive && !old) || icy) response.removeHeader('connection');
  const headers = framedHeaders(head.headers, old);
  if (announcedLength(headers) === undefined && !isChunked(headers)) {
    // Removed means "do not add one of your own": such a body ends with the connection.
    response.removeHeader('transfer-encoding');
    response.removeHeader('content-length');
    if (mayHaveBody(method, head.status)) response.shouldKeepAlive = false;
  }
  if (icy) beginWithIcy(response);
  response.writeHead(head.status, head.statusText, flatHeaders(headers));
}

/** HTTP/1.0 knows no chunks (RFC 9112, 6.1); and without chunks there is no place for trailers, nor will Node announce any. */
function framedHeaders(headers: Headers, old: boolean): Headers {
  if (isChunked(headers) && !old) return headers;
  const unfit = old ? ['trailer', 'transfer-encoding'] : ['trailer'];
  return headers.some(([name]) => unfit.includes(name.toLowerCase()))
    ? headers.filter(([name]) => !unfit.includes(name.toLowerCase()))
    : headers;
}

async function writeParts(response: ServerResponse, parts: Parts): Promise<void> {
  // Node keeps a head back until the first body bytes; a slow body must not delay it.
  response.flushHeaders();
  for await (const part of parts) {
    const written = write(response, part.bytes);
    // Node joins the chunks of one turn; what a server sent as two is two to its client.
    if (response.writableCorked > 0) response.uncork();
    if (!(await written)) return;
  }
}

function finish(responding: Responding, ending: Ending): void {
  const { response, reset } = responding;
  if (ending.type === 'finished') {
    const { trailers } = ending;
    if (trailers.length > 0) {
      response.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
    }
    response.end();
    return;
  }
  if (response.headersSent) response.flushHeaders();
  // A client that gave up had waited: the replay lets it wait again.
  if ('by' in ending && ending.by === 'client') return;
  const seemsWhole = ending.type === 'cut' && endsWithConnection(responding);
  if (ending.type === 'reset' || seemsWhole) afterFlush(response, reset);
  else if (ending.type === 'cut') afterFlush(response, endSoon);
  else afterFlush(response, (socket) => socket.destroy());
}

/** Whether the end of its connection is the only end that this client can see of a body. */
function endsWithConnection({ response, exchange, answer }: Responding): boolean {
  const { method } = exchange.head;
  if (answer.head === undefined || !mayHaveBody(method, answer.head.status)) return false;
  const { headers } = inHttp1(answer.head, method);
  const framed = framedHeaders(headers, response.req.httpVersion === '1.0');
  return announcedLength(framed) === undefined && !isChunked(framed);
}

/** Runs the action once it is the response's turn and all bytes written so far are with the kernel. */
function afterFlush(response: ServerResponse, action: (socket: Duplex) => void): void {
  const flush = (): void => {
    const { socket } = response;
    if (socket !== null && socket.writable) socket.write('', () => action(socket));
  };
  // Node gathers the writes of a turn, and holds back those of a response whose turn is yet to
  // come: in the next turn of the loop all of them are with the socket.
  if (response.socket === null) response.once('socket', () => setImmediate(flush));
  else setImmediate(flush);
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
