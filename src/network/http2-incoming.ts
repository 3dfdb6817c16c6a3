import type { ClientHttp2Stream } from 'node:http2';
import type { Part } from '../exchange/conversation.ts';
import type { Headers } from '../exchange/headers.ts';
import { headersFromFlat } from '../exchange/headers.ts';

/** Fields without those that stand for the first line of HTTP/1 (RFC 9113, 8.3). */
export function fieldsOf(rawHeaders: readonly string[]): Headers {
  return headersFromFlat(rawHeaders).filter(([name]) => !name.startsWith(':'));
}

/**
 * What comes on a stream after its head: its pieces as the server cut them, and whether it was
 * whole. Node's own stream joins pieces when its reader is slow, and ends alike for a stream that
 * came to its end (END_STREAM) and one that was reset without an error; so both are noted on the way in.
 */
export class Incoming {
  /** Fields after the body, once it is whole. */
  trailers: Headers = [];
  readonly #stream: ClientHttp2Stream;
  readonly #pieces: { readonly atMs: number; readonly length: number }[] = [];
  #whole = false;
  #closed = false;
  #wake = (): void => {};

  constructor(stream: ClientHttp2Stream, startedAt: number) {
    this.#stream = stream;
    const push = stream.push.bind(stream);
    stream.push = (bytes: Buffer | null, encoding?: BufferEncoding) => {
      if (bytes !== null && bytes.length > 0) {
        this.#pieces.push({ atMs: performance.now() - startedAt, length: bytes.length });
      }
      // In the next tick, for the trailers that ended it are told of in this one. What is closed
      // already was reset, or its connection lost.
      if (bytes === null && !stream.closed) process.nextTick(() => this.#end());
      const more = push(bytes, encoding);
      this.#wake();
      return more;
    };
    stream.on('trailers', (_headers, _flags, rawHeaders: readonly string[]) => {
      this.trailers = fieldsOf(rawHeaders);
    });
    stream.once('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Whether the server said all that it had to say. */
  get whole(): boolean {
    return this.#whole;
  }

  /** The body where it is whole already and came in one piece; nothing where it has to be waited for. */
  atOnce(): Buffer | undefined {
    if (!this.#whole || this.#pieces.length > 1) return undefined;
    const [piece] = this.#pieces;
    const bytes = piece === undefined ? Buffer.alloc(0) : this.#read(piece.length);
    this.#stream.resume();
    return bytes;
  }

  /**
   * Reads the body as the reader asks for it, which is what lets the server send more. `over` is
   * called once, with whether all was read: it was not where the stream broke or the reader stopped.
   */
  async *parts(over: (all: boolean) => void): AsyncGenerator<Part, undefined> {
    let all = false;
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) {
          yield { atMs: piece.atMs, kind: 'data', bytes: this.#read(piece.length) };
        } else if (this.#whole || this.#closed) {
          all = this.#whole;
          return;
        } else {
          this.#stream.read(0);
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      // Read to its end a stream lets go of its place on the connection.
      this.#stream.resume();
      over(all);
    }
  }

  #read(length: number): Buffer {
    return this.#stream.read(length) as Buffer;
  }

  #end(): void {
    this.#whole = true;
    this.#wake();
  }
}
