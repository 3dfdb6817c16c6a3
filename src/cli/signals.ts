/** The part of a process that a verb may touch. */
export interface ProcessEdge {
  readonly on: (event: string, listener: (argument: unknown) => void) => unknown;
  readonly off: (event: string, listener: (argument: unknown) => void) => unknown;
  readonly exit: (status: number) => void;
}

/** The wish of someone outside that the process end. */
export interface StopSignal {
  /** The first signal. */
  readonly received: Promise<string>;
  /**
   * A wish that came another way. Whoever wished it may send the first signal as well (compose does,
   * when another container has ended): that is the same wish, and only the next one is another.
   */
  readonly ask: (how: string) => void;
  /** Calls off the limit, and stops listening where no signal has come. */
  readonly forget: () => void;
}

/** By the shell's convention: 128 and the number of the signal. */
const statuses: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** npm passes Ctrl-C on to a process that the terminal has told already: the two are one wish. */
const echoMs = 500;

/**
 * Waits for SIGTERM or SIGINT. A second one, or `limitMs` after the first, ends the process at once:
 * with 143 or 130 of the second, or with 1.
 */
export function stopSignal(
  edge: ProcessEdge,
  limit: { readonly limitMs: number; readonly onLimit: (limitMs: number) => void },
): StopSignal {
  const { promise: received, resolve } = Promise.withResolvers<string>();
  let first:
    | { readonly signal: string; readonly atMs: number; readonly asked: boolean }
    | undefined;
  let timer: NodeJS.Timeout | undefined;
  let forgotten = false;

  const onSignal = (signal: string): void => {
    if (forgotten) return;
    const atMs = performance.now();
    if (first !== undefined) {
      if (first.asked) {
        first = { signal, atMs, asked: false };
        return;
      }
      const echo = signal === 'SIGINT' && first.signal === signal && atMs - first.atMs < echoMs;
      if (!echo) edge.exit(statuses[signal] ?? 1);
      return;
    }
    begin(signal, false);
  };

  const begin = (how: string, asked: boolean): void => {
    first = { signal: how, atMs: performance.now(), asked };
    timer = setTimeout(() => {
      limit.onLimit(limit.limitMs);
      edge.exit(1);
    }, limit.limitMs);
    resolve(how);
  };

  const listeners = Object.keys(statuses).map((name) => [name, () => onSignal(name)] as const);
  for (const [name, listener] of listeners) edge.on(name, listener);
  return {
    received,
    ask: (how) => {
      if (first === undefined && !forgotten) begin(how, true);
    },
    forget: () => {
      clearTimeout(timer);
      // An echo may still come before the process has ended, and must not change how: it is heard,
      // and does nothing.
      forgotten = true;
      if (first !== undefined) return;
      for (const [name, listener] of listeners) edge.off(name, listener);
    },
  };
}
