import { clientEnding } from '../exchange/client-left.ts';
import type { Body, Ending, Part, Parts } from '../exchange/conversation.ts';
import { finished } from '../exchange/conversation.ts';
import { authorityOf } from '../exchange/destination.ts';
import type { StreamExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import type { Answer } from '../exchange/upstream.ts';
import type { Rereadable } from '../support/rereadable.ts';
import { isRereadable, rereadable } from '../support/rereadable.ts';
import { mismatchWords } from './stream-mismatch.ts';
import type { Choice } from './stream-choice.ts';
import { createChoice } from './stream-choice.ts';
import type { Placed, Shelf } from './stream-shelf.ts';

/** A raw stream on its way to a client. */
export interface PlayingStream {
  readonly exchange: StreamExchange;
  readonly shelf: Shelf;
  /** Strict: a client that says something else than the recorded one is reset. */
  readonly strict: boolean;
  readonly onMismatch: (failure: Failure) => void;
  /** Told of the recorded stream that a connection was given. */
  readonly onServed: (placed: Placed) => void;
}

/**
 * Plays the server's side of the recorded stream that fits what the client says: at once where the
 * server speaks first, else as soon as the client has said something. Nothing where none fits.
 */
export async function playStream(playing: PlayingStream): Promise<Answer | undefined> {
  const { exchange, shelf } = playing;
  const choice = createChoice(shelf);
  const client = readable(exchange.body);
  if (!choice.begin()) {
    await client.readAhead(0);
    const first = client.ahead.map(({ bytes }) => bytes);
    // A connection that says nothing is whichever comes next.
    const fits =
      first.length === 0 ? choice.settle() : choice.take(Buffer.concat(first)) === undefined;
    if (!fits) return undefined;
  }
  playing.onServed(choice.current());
  const { promise, resolve } = Promise.withResolvers<Ending>();
  let mismatched = false;
  const told = {
    ...playing,
    onMismatch(failure: Failure) {
      mismatched = true;
      playing.onMismatch(failure);
    },
  };
  return {
    body: conversation(told, { choice, client: unheard(client), settle: resolve }),
    ending: promise,
    get interaction() {
      return choice.current().entry.interaction.id;
    },
    get truncated() {
      return choice.current().entry.interaction.truncated;
    },
    get outcome() {
      if (mismatched && playing.strict) return 'missed';
      return choice.repeated ? 'repeated' : 'replayed';
    },
  };
}

interface Stage {
  readonly choice: Choice;
  readonly client: AsyncIterator<Buffer, void>;
  readonly settle: (ending: Ending) => void;
}

async function* conversation(playing: PlayingStream, { choice, client, settle }: Stage): Parts {
  let ending: Ending | undefined;
  try {
    for (;;) {
      for (const { atMs, delayMs, bytes } of choice.fresh()) {
        if (bytes === undefined) {
          ending = endingOf(choice.current().entry.interaction);
          return;
        }
        yield { atMs, kind: 'data', bytes, delayMs };
      }
      const next = await client.next();
      if (next.done === true) {
        choice.end();
        for (const { atMs, delayMs, bytes } of choice.fresh()) {
          if (bytes !== undefined) yield { atMs, kind: 'data', bytes, delayMs };
        }
        ending = finished;
        return;
      }
      if (!hear(playing, choice, next.value)) {
        ending = { type: 'reset', by: 'server' };
        return;
      }
    }
  } finally {
    // Unknown only where the reader stopped, because the client had gone.
    settle(ending ?? clientEnding(playing.exchange.signal));
    await client.return?.();
  }
}

/** Takes what the client says; false where that ends the connection. */
function hear(playing: PlayingStream, choice: Choice, bytes: Buffer): boolean {
  const before = choice.current();
  const mismatch = choice.take(bytes);
  if (choice.current() !== before) playing.onServed(choice.current());
  if (mismatch === undefined) return true;
  const where = authorityOf(playing.exchange.destination);
  const { id } = choice.current().entry.interaction;
  const words = `${where} (${id}): ${mismatchWords(mismatch)}`;
  playing.onMismatch(new Failure('STREAM_MISMATCH', words));
  if (playing.strict) return false;
  choice.letThrough();
  return true;
}

/** A recording that stopped before its stream did is never played as if it had ended in order: an end of bytes would be one. */
function endingOf({ ending, truncated }: Interaction): Ending {
  return truncated === undefined ? ending : { type: 'reset', by: 'server' };
}

function readable(body: Body): Rereadable<Part> {
  if (body !== undefined && !Buffer.isBuffer(body) && isRereadable(body)) return body;
  return rereadable(partsOf(body), (part) => part.bytes.length);
}

async function* partsOf(body: Body): Parts {
  if (Buffer.isBuffer(body)) yield { atMs: 0, kind: 'data', bytes: body };
  else if (body !== undefined) yield* body;
}

/** What the client says after what was read ahead. */
async function* unheard(client: Rereadable<Part>): AsyncGenerator<Buffer, void> {
  let heard = client.ahead.length;
  for await (const { bytes } of client) {
    if (heard > 0) heard -= 1;
    else yield bytes;
  }
}
