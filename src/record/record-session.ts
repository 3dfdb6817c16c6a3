import type { Draft } from '../cassette/cassette.ts';
import type { Ending, Parts } from '../exchange/conversation.ts';
import { authorityOf } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import type { Truncated } from '../exchange/interaction.ts';
import type { Answer, Outcome } from '../exchange/upstream.ts';
import type { Committed, Recorded } from './commit.ts';
import { commitDraft, draftStart } from './commit.ts';
import { limitTime } from './recording-time.ts';
import type { Loss, TapOptions, TappedMessage } from './websocket-tap.ts';
import { FrameTap } from './websocket-tap.ts';

/** The answer to pass on for a WebSocket: raw bytes both ways, read by taps, written before its close leaves. */
export function recordSession(recorded: Recorded): Answer {
  const { answer, tap } = recorded;
  const { head, body } = answer;
  if (head === undefined || body === undefined || Buffer.isBuffer(body)) return answer;
  const session = new RecordedSession(recorded);
  tap.watch((part) => session.client.take(part));
  let outcome: Outcome = 'forwarded';
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const write = async (ended: Ending): Promise<void> => {
    outcome = await session.write(ended);
  };
  async function* pass(parts: Parts): Parts {
    let written = false;
    try {
      for await (const part of parts) {
        await session.server.take(part);
        if (!written && session.closedByServer) {
          written = true;
          await write({ type: 'cut', by: 'server' });
          if (outcome === 'failed') return;
        }
        yield part;
      }
    } finally {
      const ending = await answer.ending;
      if (!written) await write(ending);
      resolve(outcome === 'failed' ? { type: 'cut', by: 'server' } : ending);
    }
  }
  return {
    ...answer,
    body: pass(body),
    ending: promise,
    get outcome() {
      return outcome;
    },
    get truncated() {
      return session.truncated;
    },
  };
}

/** A session on its way into a draft: what both sides have said so far, and who closed first. */
class RecordedSession {
  readonly client: FrameTap;
  readonly server: FrameTap;
  closedByServer = false;
  readonly #recorded: Recorded;
  readonly #draft: Draft;
  #bytes = 0;
  #closed: Ending | undefined;
  #truncated: Truncated | undefined;
  #written: Promise<Committed> | undefined;
  readonly #unlimit: () => void;

  constructor(recorded: Recorded) {
    const { options, answer, tap } = recorded;
    this.#recorded = recorded;
    this.#draft = options.begin(draftStart(recorded));
    const informational = tap.informational();
    const interim = informational === undefined ? {} : { informational };
    if (answer.head !== undefined) this.#draft.answered({ ...answer.head, ...interim });
    const tapOptions: TapOptions = {
      accepted: answer.head?.headers ?? [],
      roomFor: () => (this.#truncated === 'time' ? 0 : options.bodyBytesMax - this.#bytes),
      onMessage: (message) => this.#add(message),
      onClose: (by, close) => {
        this.#closed ??= { type: 'closed', by, ...close };
        if (by === 'server') this.closedByServer = true;
      },
      onLost: (why) => this.#lose(why),
    };
    this.client = new FrameTap('client', tapOptions);
    this.server = new FrameTap('server', tapOptions);
    this.#unlimit = limitTime({
      startedAt: recorded.exchange.startedAt,
      streamMsMax: options.streamMsMax,
      what: whereOf(recorded),
      onUp: (failure) => this.#timeUp(failure),
    });
  }

  /** Why less is recorded than passes. */
  get truncated(): Truncated | undefined {
    return this.#truncated;
  }

  #add(message: TappedMessage): Promise<void> | undefined {
    const { options } = this.#recorded;
    options.onMessage(message.from, message.kind);
    if (this.#truncated !== undefined) return undefined;
    this.#bytes += message.bytes.length;
    // A draft that cannot be written says so at its end.
    return this.#draft.add(message)?.catch(() => {});
  }

  /** What follows is not known: what the other side says after it would stand there out of its place. */
  #lose(why: Loss): void {
    if (this.#truncated !== undefined) return;
    this.#truncated = why;
    const { options, exchange } = this.#recorded;
    options.onUnrecorded(exchange, lossOf(why, whereOf(this.#recorded), options.bodyBytesMax));
  }

  /** What was said until now stands in the log at once: who knows when it ends. */
  #timeUp(failure: Failure): void {
    if (this.#truncated === undefined) {
      this.#truncated = 'time';
      const { options, exchange } = this.#recorded;
      options.onUnrecorded(exchange, failure);
    }
    void this.write({ type: 'cut', by: 'server' });
  }

  /** Writes the end of it, once, and says what became of it. */
  write(ended: Ending): Promise<Committed> {
    this.#unlimit();
    this.#written ??= commitDraft(this.#recorded, this.#draft, {
      ending: this.#closed ?? ended,
      ...(this.#truncated !== undefined && { truncated: this.#truncated }),
    });
    return this.#written;
  }
}

function whereOf({ exchange }: Recorded): string {
  return `a WebSocket session with ${authorityOf(exchange.destination)}`;
}

function lossOf(why: Loss, where: string, bytesMax: number): Failure {
  if (why === 'malformed') {
    return new Failure('WEBSOCKET_MALFORMED', `${where}: recorded up to a frame that is none`);
  }
  const words = `recorded up to a message with which it passes ${bytesMax} bytes`;
  return new Failure('BODY_TOO_LARGE', `${where}: ${words}`);
}
