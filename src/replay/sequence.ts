import type { MessageKind, RecordedMessage } from '../exchange/interaction.ts';

/** Something that a client said, cut as its kind cuts it: a message, some bytes, or that it has said its last. */
export interface Said {
  readonly kind: MessageKind;
  readonly bytes: Buffer;
}

/** A recorded message of the server whose turn has come. */
export interface Released {
  readonly message: RecordedMessage;
  /** Recorded pause since either side last said something; only `latency` waits it out. */
  readonly delayMs: number;
}

/** How a sequence came to its end. */
export type Played =
  /** Everything recorded was said, by both sides. */
  | 'over'
  /** The client ended where the recording has more from it. */
  | 'left'
  /** The client said something else, and `mismatched` wished to end it. */
  | 'refused';

/** A client that said something else than what is recorded at this place. */
export interface Mismatch {
  /** Place among the messages of the client. */
  readonly place: number;
  /** Nothing: the recording has no more from the client. */
  readonly expected: RecordedMessage | undefined;
  readonly got: Said;
}

/** What a kind of conversation tells the one player. */
export interface Sequence {
  readonly messages: readonly RecordedMessage[];
  /** Milliseconds since the exchange began at which the head came: the first pause counts from there. */
  readonly headMs: number;
  /**
   * What the client says next; nothing where it has ended. It is told what the recording expects, so
   * that bytes without borders of their own can be cut to that length.
   */
  readonly hear: (expected: RecordedMessage | undefined) => Promise<Said | undefined>;
  /** Whether what the client said is what was recorded. */
  readonly matches: (expected: RecordedMessage, got: Said) => boolean;
  /** Whether a recorded message of the client is waited for (yes); the others are passed over. */
  readonly counts?: (message: RecordedMessage) => boolean;
  /** Told of a client that said something else; whether that ends the conversation. */
  readonly mismatched: (mismatch: Mismatch) => boolean;
  /** Told of each message of the client that was as recorded, or was let pass: its place. */
  readonly heard?: (place: number) => void;
  /** Holds a message of the server back until it resolves; its place is that in `messages`. */
  readonly gate?: (message: RecordedMessage, place: number) => Promise<void> | undefined;
  /** Holds the end back, where the conversation was not ended by its client. */
  readonly endGate?: () => Promise<void> | undefined;
  /** Told of each place that is come to, before it is waited for. */
  readonly reached?: (place: number) => void;
  /**
   * Whether a message of the server waits for those of the client before it (yes). Otherwise only
   * the gate holds it back; what the client says is compared all the same.
   */
  readonly inStep?: boolean;
  /** Whether the recorded conversation was ended by its client, whose end is then waited for (no). */
  readonly clientEnds?: boolean;
}

/**
 * Plays the server's side of what was recorded: its messages in their order, each once the messages
 * of the client that were recorded before it have come. The one core for WebSocket, gRPC and raw
 * streams. Whoever uses it
 *
 * - gives `hear`, which cuts what the exchange's body says into messages (or, of a raw stream, into
 *   as many bytes as are expected), and tells a half-close as kind `end`;
 * - gives `matches`, the comparison of the kind;
 * - turns what is released into parts, a recorded `end` among it, and passes on `delayMs`;
 * - ends the conversation as it was recorded when the generator returns `over`, as the client did
 *   when it returns `left`, and with the refusal of its protocol when it returns `refused`.
 *
 * ```ts
 * const steps = playSequence(sequence);
 * for (let step = await steps.next(); ; step = await steps.next()) {
 *   if (step.done === true) return endingFor(step.value);
 *   yield partOf(step.value);
 * }
 * ```
 */
export function playSequence(sequence: Sequence): AsyncGenerator<Released, Played> {
  return sequence.inStep === false ? playFreely(sequence) : playInStep(sequence);
}

async function* playInStep(sequence: Sequence): AsyncGenerator<Released, Played> {
  const expect = createListener(sequence);
  let previousMs = sequence.headMs;
  for (const [place, message] of sequence.messages.entries()) {
    const delayMs = Math.max(0, message.atMs - previousMs);
    previousMs = message.atMs;
    sequence.reached?.(place);
    if (message.from === 'server') {
      await sequence.gate?.(message, place);
      yield { message, delayMs };
    } else if (sequence.counts?.(message) !== false) {
      const ended = await expect(message);
      if (ended !== undefined) return ended;
    }
  }
  sequence.reached?.(sequence.messages.length);
  if (sequence.clientEnds === true) return untilEnd(expect);
  await sequence.endGate?.();
  return 'over';
}

async function* playFreely(sequence: Sequence): AsyncGenerator<Released, Played> {
  let stopped: Played | undefined;
  const stop = hearAll(sequence).then((how) => (stopped = how));
  let previousMs = sequence.headMs;
  for (const [place, message] of sequence.messages.entries()) {
    const delayMs = Math.max(0, message.atMs - previousMs);
    previousMs = message.atMs;
    if (message.from === 'client') continue;
    sequence.reached?.(place);
    await Promise.race([sequence.gate?.(message, place), stop]);
    if (stopped !== undefined) return stopped;
    yield { message, delayMs };
  }
  sequence.reached?.(sequence.messages.length);
  if (sequence.clientEnds === true) return stop;
  await Promise.race([sequence.endGate?.(), stop]);
  return stopped ?? 'over';
}

/** Compares all that a client says until it ends, or is refused. */
async function hearAll(sequence: Sequence): Promise<Played> {
  const expect = createListener(sequence);
  for (const message of sequence.messages) {
    if (message.from === 'server' || sequence.counts?.(message) === false) continue;
    const ended = await expect(message);
    if (ended !== undefined) return ended;
  }
  return untilEnd(expect);
}

/** Waits for what the client says next; tells how that ends the conversation, where it does. */
type Listener = (
  expected: RecordedMessage | undefined,
) => Promise<Exclude<Played, 'over'> | undefined>;

function createListener({ hear, matches, mismatched, heard }: Sequence): Listener {
  let place = 0;
  return async (expected) => {
    const got = await hear(expected);
    if (got === undefined) return 'left';
    const fits = expected !== undefined && matches(expected, got);
    if (!fits && mismatched({ place, expected, got })) return 'refused';
    heard?.(place);
    place += 1;
    return undefined;
  };
}

async function untilEnd(expect: Listener): Promise<Played> {
  for (;;) {
    const ended = await expect(undefined);
    if (ended !== undefined) return ended;
  }
}
