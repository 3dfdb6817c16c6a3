import type { Duplex } from 'node:stream';

/** What came of a look at the first bytes of a socket. */
export type Peeked<T> =
  /** The bytes are back in the socket. */
  | { readonly type: 'judged'; readonly value: T }
  /** Something else happened before the first byte. */
  | { readonly type: 'interrupted' }
  /** The client ended after bytes (perhaps none) that settle nothing; they are not in the socket any more. */
  | { readonly type: 'ended'; readonly bytes: Buffer }
  /** The socket is gone. */
  | { readonly type: 'lost'; readonly error: Error | undefined; readonly heard: boolean };

/** How to look. */
export interface PeekOptions<T> {
  /** Called with all bytes so far, each time there are new ones, until it has enough; it bounds them. */
  readonly judge: (bytes: Buffer) => T | 'more';
  /** Ends the look when it resolves to true, so long as the client has said nothing. */
  readonly interruption?: Promise<boolean>;
  /** Called once with what is there so long after the first bytes, where those were not enough. */
  readonly fallback?: {
    readonly judge: (bytes: Buffer) => T | 'more';
    readonly afterMs: number;
  };
}

/** Looks at the first bytes of a socket, and puts them back. */
export function peek<T extends object>(
  socket: Duplex,
  options: PeekOptions<T>,
): Promise<Peeked<T>> {
  return new Promise((resolve, reject) => {
    let held: Buffer = Buffer.alloc(0);
    const leave = (): void => {
      fallback.cancel();
      socket.off('readable', onReadable).off('end', onEnd);
      socket.off('error', onError).off('close', onClose);
    };
    const settle = (result: Peeked<T>): void => {
      leave();
      resolve(result);
    };
    const onReadable = (): void => {
      const fresh = readAll(socket);
      if (fresh === undefined) return;
      held = held.length === 0 ? fresh : Buffer.concat([held, fresh]);
      fallback.begin();
      decide(options.judge);
    };
    const decide = (judge: PeekOptions<T>['judge']): void => {
      try {
        const value = judge(held);
        if (value === 'more') return;
        settle({ type: 'judged', value });
        // In the same turn as the read: an end that waits behind the bytes is not lost, nor told early.
        socket.unshift(held);
      } catch (error) {
        leave();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    const fallback = fallbackOf(options, decide);
    const onEnd = (): void => settle({ type: 'ended', bytes: held });
    const lost = (error: Error | undefined): void =>
      settle({ type: 'lost', error, heard: held.length > 0 });
    const onError = (error: Error): void => lost(error);
    const onClose = (): void => lost(undefined);
    if (socket.destroyed) return lost(socket.errored ?? undefined);
    if (socket.readableEnded) return onEnd();
    socket.on('readable', onReadable).on('end', onEnd).on('error', onError).on('close', onClose);
    options.interruption?.then(
      (happened) => {
        if (happened && held.length === 0) settle({ type: 'interrupted' });
      },
      () => {},
    );
  });
}

/** The second judge, whose time begins with the first bytes. */
function fallbackOf<T>(
  { fallback }: PeekOptions<T>,
  decide: (judge: PeekOptions<T>['judge']) => void,
): { readonly begin: () => void; readonly cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    begin() {
      if (fallback === undefined) return;
      timer ??= setTimeout(() => decide(fallback.judge), fallback.afterMs);
    },
    cancel: () => clearTimeout(timer),
  };
}

function readAll(socket: Duplex): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk: unknown = socket.read();
    if (!Buffer.isBuffer(chunk)) break;
    chunks.push(chunk);
  }
  return chunks.length === 0 ? undefined : Buffer.concat(chunks);
}
