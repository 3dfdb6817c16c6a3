import type { Logger } from 'pino';
import type { Session } from './exchange/arrival.ts';
import { authorityOf } from './exchange/destination.ts';
import type { FailureCode } from './exchange/failure.ts';
import { Failure, failureLine } from './exchange/failure.ts';
import type { Upstream } from './exchange/upstream.ts';
import { redactHeaders } from './redaction/redaction.ts';
import { errorCode } from './support/system-error.ts';

/** Says a failure that no client was told of, or that concerns the run. */
export type Report = (failure: Failure) => void;

/** Says failures in the log, one line each, and counts them apart from what the recordings hold. */
export function createReport(log: Logger, count: (code: FailureCode) => void): Report {
  return (failure) => {
    count(failure.code);
    log.warn({ code: failure.code }, failureLine(failure));
  };
}

/** Says where a connection was lost, at debug; a failure is told as such; an error of the program is a bug, and loud. */
export function createLossReport(
  log: Logger,
  report: Report,
): (where: string, error: unknown) => void {
  return (where, error) => {
    if (error instanceof Failure) report(error);
    else if (isBug(error)) log.error({ where, err: error }, 'a bug in magneto: please report it');
    else log.debug({ where, err: error }, 'connection lost');
  };
}

const bugs: ReadonlySet<string> = new Set([
  'TypeError',
  'ReferenceError',
  'SyntaxError',
  'RangeError',
  'AssertionError',
]);

/** Told by shape, as errors also come from other realms; Node's own that blame an argument have a code. */
function isBug(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('name' in error)) return false;
  return bugs.has(String(error.name)) && errorCode(error) === undefined;
}

/** A session whose heads stand in the log at debug, redacted, wherever its answers come from. */
export function withHeadsLogged(session: Session, log: Logger): Session {
  return {
    name: session.name,
    ...(session.resolver && { resolver: session.resolver }),
    get upstream() {
      return loggingHeads(session.upstream, log);
    },
  };
}

function loggingHeads(upstream: Upstream, log: Logger): Upstream {
  return {
    offer: upstream.offer,
    async open(exchange) {
      if (exchange.kind === 'stream') return upstream.open(exchange);
      const { id, destination, head } = exchange;
      const to = authorityOf(destination);
      log.debug({ id, to, method: head.method, headers: redactHeaders(head.headers) }, 'request');
      const answer = await upstream.open(exchange);
      if (answer.head !== undefined) {
        const { status, headers } = answer.head;
        log.debug({ id, status, headers: redactHeaders(headers) }, 'response');
      }
      return answer;
    },
  };
}
