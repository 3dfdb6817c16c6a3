import type { Ending, Part, PartKind, Parts } from '../exchange/conversation.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { clientEnding } from '../exchange/client-left.ts';
import { Failure } from '../exchange/failure.ts';
import type { Interaction, RecordedMessage } from '../exchange/interaction.ts';
import { cutText } from '../support/cut-text.ts';

/** A recorded WebSocket session on its way to a client. */
export interface Playing {
  readonly interaction: Interaction;
  readonly exchange: Exchange;
  /** Strict: a client message unlike the recorded one ends the session with close 1008. */
  readonly strict: boolean;
  readonly onMismatch: (failure: Failure) => void;
}

/** What a player says, and how it ended. */
export interface Played {
  readonly parts: Parts;
  readonly ending: Promise<Ending>;
}

/**
 * Plays the server's side of a recorded session: server messages in recorded order, each released
 * once the client messages recorded before it have come.
 */
export function play(playing: Playing): Played {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  return { parts: conversation(playing, resolve), ending: promise };
}

async function* conversation(playing: Playing, settle: (ending: Ending) => void): Parts {
  const client = clientMessages(playing.exchange);
  let ending: Ending | undefined;
  let previousMs = playing.interaction.timing.headMs ?? 0;
  let clientPlace = 0;
  try {
    for (const message of playing.interaction.messages ?? []) {
      const delayMs = Math.max(0, message.atMs - previousMs);
      previousMs = message.atMs;
      if (message.from === 'server') {
        // Pongs answer pings of this client, not of the recorded one: the framing sends them.
        const { atMs, kind, bytes } = message;
        if (isSaid(kind) && kind !== 'pong') yield { atMs, kind, bytes, delayMs };
        continue;
      }
      if (message.kind === 'ping' || message.kind === 'pong') continue;
      const got = await client.next();
      if (got.done === true) {
        ending = clientEnding(playing.exchange.signal);
        return;
      }
      const mismatch = compare({ expected: message, got: got.value, place: clientPlace }, playing);
      if (mismatch !== undefined) {
        ending = mismatch;
        return;
      }
      clientPlace += 1;
    }
    const { ending: recorded } = playing.interaction;
    const waits = recorded.type === 'closed' && recorded.by === 'client';
    ending = waits ? await untilClientCloses(client, clientPlace, playing) : recorded;
  } finally {
    // Unknown only where the reader stopped, because the client had gone.
    settle(ending ?? clientEnding(playing.exchange.signal));
  }
}

/** Whether a message is of a kind that a WebSocket has. */
function isSaid(kind: RecordedMessage['kind']): kind is PartKind {
  return kind !== 'end' && kind !== 'message';
}

/** The client's messages without its pings and pongs, which never gate or fail a replay. */
async function* clientMessages(exchange: Exchange): AsyncGenerator<Part, void> {
  if (exchange.body === undefined || Buffer.isBuffer(exchange.body)) return;
  for await (const part of exchange.body) {
    if (part.kind === 'text' || part.kind === 'binary') yield part;
  }
}

/** Waits for the close that the recorded client sent; in strict replay a further message is a mismatch. */
async function untilClientCloses(
  client: AsyncGenerator<Part, void>,
  place: number,
  playing: Playing,
): Promise<Ending> {
  for (;;) {
    const got = await client.next();
    if (got.done === true) return clientEnding(playing.exchange.signal);
    const mismatch = compare({ expected: undefined, got: got.value, place }, playing);
    if (mismatch !== undefined) return mismatch;
  }
}

/** A client message, its place among those of its client, and what the recording has there; nothing: the close. */
interface Compared {
  readonly expected: RecordedMessage | undefined;
  readonly got: Part;
  readonly place: number;
}

function compare({ expected, got, place }: Compared, playing: Playing): Ending | undefined {
  if (expected?.kind === got.kind && expected.bytes.equals(got.bytes)) return undefined;
  const wanted = expected === undefined ? 'the close' : describe(expected);
  const given = describe(got);
  playing.onMismatch(new Failure('SEQUENCE_MISMATCH', mismatchWords(place, wanted, given)));
  if (!playing.strict) return undefined;
  // Both are shortened, so that none of the three crowds out another.
  const [short, other] = [wanted, given].map((words) => shorten(words, saidBytesMax));
  const reason = cutText(mismatchWords(place, short ?? '', other ?? ''), closeReasonBytesMax);
  return { type: 'closed', by: 'server', code: 1008, reason };
}

/** What a close frame can carry besides its code (RFC 6455, 5.5). */
const closeReasonBytesMax = 123;
const saidBytesMax = 40;

function mismatchWords(place: number, expected: string, got: string): string {
  return `client message ${place}: expected ${expected}, got ${got}`;
}

function shorten(words: string, bytesMax: number): string {
  const cut = cutText(words, bytesMax);
  return cut === words ? words : `${cutText(words, bytesMax - 3)}…`;
}

function describe(message: { readonly kind: string; readonly bytes: Buffer }): string {
  if (message.kind === 'text') return JSON.stringify(message.bytes.toString());
  return `${message.kind} of ${message.bytes.length} bytes`;
}
