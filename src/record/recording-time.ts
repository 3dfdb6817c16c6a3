import { Failure } from '../exchange/failure.ts';

/** An exchange that is recorded for so long and no longer. */
export interface Limited {
  /** When it began (`performance.now()`). */
  readonly startedAt: number;
  readonly streamMsMax: number;
  /** What it is, for people. */
  readonly what: string;
  /** Told once, when its time is up. */
  readonly onUp: (failure: Failure) => void;
}

/** Tells when an exchange has been recorded for as long as it may be, also while nothing is said; what it gives ends that. */
export function limitTime({ startedAt, streamMsMax, what, onUp }: Limited): () => void {
  const leftMs = Math.max(0, streamMsMax - (performance.now() - startedAt));
  const words = `${what}: it takes longer than ${streamMsMax} ms; it passes, and the rest of it is not recorded`;
  const timer = setTimeout(() => onUp(new Failure('STREAM_TOO_LONG', words)), leftMs).unref();
  return () => clearTimeout(timer);
}
