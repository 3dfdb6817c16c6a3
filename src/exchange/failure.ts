import { captureFailures } from './failures-capture.ts';
import { controlFailures } from './failures-control.ts';
import { conversationFailures } from './failures-conversation.ts';
import { startFailures } from './failures-start.ts';
import { trafficFailures } from './failures-traffic.ts';

/** What stands in the table for each failure: status in HTTP, one line, and the remedy. */
export interface FailureEntry {
  /** HTTP status of the answer; 0 where no answer can carry it (start-up, a raw stream). */
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}

const table = {
  ...trafficFailures,
  ...conversationFailures,
  ...startFailures,
  ...captureFailures,
  ...controlFailures,
};

/** The stable name of a failure: part of the public interface, see docs/failures.md. */
export type FailureCode = keyof typeof table;

/** Every failure that a user can meet, by its code. */
export const failures: Readonly<Record<FailureCode, FailureEntry>> = table;

/** Something magneto could not do: a code of the table, a detail (one clear line) and the cause. */
export class Failure extends Error {
  readonly code: FailureCode;
  /** More for the problem body (RFC 9457 extension members), computed only when it is written. */
  readonly explain: (() => Readonly<Record<string, unknown>>) | undefined;

  constructor(
    code: FailureCode,
    detail: string,
    more: { cause?: unknown; explain?: () => Readonly<Record<string, unknown>> } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'Failure';
    this.code = code;
    this.explain = more.explain;
  }
}

/** One line for people: code, detail, remedy. */
export function failureLine(failure: Failure): string {
  return `${failure.code}: ${failure.message}; ${failures[failure.code].remedy}`;
}
