import type { Ending } from '../exchange/conversation.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import { Failure, failures } from '../exchange/failure.ts';
import type { ResponseHead } from '../exchange/http.ts';
import { tlsHint } from './tls-hint.ts';

/** A whole answer of magneto's own. */
export interface OwnAnswer {
  readonly head: ResponseHead;
  readonly body: Buffer;
}

/** The answer that tells a client of a failure: the code in a header, an RFC 9457 problem as the body. */
export function refusal(failure: Failure, missStatus = failures[failure.code].status): OwnAnswer {
  const entry = failures[failure.code];
  const status = failure.code === 'NO_MATCHING_INTERACTION' ? missStatus : entry.status || 502;
  const problem = {
    type: `https://magneto.local/failures#${failure.code}`,
    title: entry.title,
    status,
    detail: failure.message,
    code: failure.code,
    remedy: entry.remedy,
    ...failure.explain?.(),
  };
  return ownAnswer(status, `${JSON.stringify(problem, null, 2)}\n`, [
    ['Content-Type', 'application/problem+json'],
    ['X-Magneto-Failure', failure.code],
  ]);
}

/** A whole answer made of a status, a text and headers. */
export function ownAnswer(
  status: number,
  text: string,
  headers: readonly (readonly [string, string])[],
): OwnAnswer {
  const body = Buffer.from(text);
  return {
    head: {
      status,
      statusText: statusTexts[status] ?? 'Magneto',
      headers: [...headers, ['Content-Length', String(body.length)], ['Cache-Control', 'no-store']],
      httpVersion: '1.1',
    },
    body,
  };
}

const statusTexts: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  508: 'Loop Detected',
};

/** The bytes of an own answer, for a socket that no HTTP writer holds; the connection ends after it. */
export function answerBytes(answer: OwnAnswer): Buffer {
  const lines = answer.head.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = `HTTP/1.1 ${answer.head.status} ${answer.head.statusText}\r\n${lines}Connection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), answer.body]);
}

/** What a client is told when the destination ended before it answered; nothing where the connection just ends likewise. */
export function endedBeforeHead(ending: Ending, destination: Destination): Failure | undefined {
  const where = authorityOf(destination);
  switch (ending.type) {
    case 'refused':
      return new Failure('UPSTREAM_REFUSED', `${where} refused the connection`);
    case 'timedOut':
      return new Failure('UPSTREAM_TIMED_OUT', `${where} could not be reached in time`);
    case 'dns':
      return new Failure('UPSTREAM_NAME_NOT_FOUND', `${destination.host}: ${ending.code}`);
    case 'tls':
      return new Failure('UPSTREAM_CERTIFICATE', handshakeWords(destination, ending));
    case 'finished':
    case 'closed':
    case 'reset':
    case 'goaway':
    case 'cut':
      return undefined;
  }
}

function handshakeWords(
  destination: Destination,
  ending: { readonly code: string; readonly reason: string },
): string {
  const words = `${authorityOf(destination)}: ${ending.reason} (${ending.code})`;
  const hint = tlsHint({ host: destination.host, ...ending });
  return hint === undefined ? words : `${words}; ${hint}`;
}
