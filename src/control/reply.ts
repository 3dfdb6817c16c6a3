import { STATUS_CODES } from 'node:http';
import type { FailureCode } from '../exchange/failure.ts';
import { failures } from '../exchange/failure.ts';

/** A whole answer of the control plane. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is a text. */
export interface TextReply extends Reply {
  readonly body: string;
}

/** JSON in one line, as scripts like it. */
export function jsonReply(status: number, value: unknown): TextReply {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}

/** An RFC 9457 problem that has no more to say than its status. */
export function problemReply(status: number, detail: string): TextReply {
  const problem = { type: 'about:blank', title: STATUS_CODES[status] ?? 'Problem', status, detail };
  return { ...jsonReply(status, problem), contentType: 'application/problem+json' };
}

/** An RFC 9457 problem for a failure of the table, with its code and remedy. */
export function failureReply(code: FailureCode, detail: string): TextReply {
  const { status, title, remedy } = failures[code];
  const type = `https://magneto.local/failures#${code}`;
  return {
    ...jsonReply(status, { type, title, status, detail, code, remedy }),
    contentType: 'application/problem+json',
    headers: { 'X-Magneto-Failure': code },
  };
}
