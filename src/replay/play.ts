import type { Entry } from '../cassette/cassette.ts';
import type { Ending, Part, Parts } from '../exchange/conversation.ts';
import { clientEnding } from '../exchange/client-left.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import type { Failure } from '../exchange/failure.ts';
import type { RecordedMessage } from '../exchange/interaction.ts';
import type { Ensemble } from './ensemble.ts';
import { isOptional } from './message-match.ts';
import type { Released, Said, Sequence } from './sequence.ts';
import { playSequence } from './sequence.ts';
import { createScene } from './scene.ts';
import type { Slot } from './stage.ts';
import type { StandIns } from './stand-ins.ts';
import { createStandIns } from './stand-ins.ts';

/** A recorded WebSocket session on its way to a client. */
export interface Playing {
  readonly exchange: HttpExchange;
  readonly ensemble: Ensemble;
  /** The session, or what has it chosen by the first message of the client; nothing: it left without one. */
  readonly choice: Entry | Choice;
  readonly slot: Slot;
  /** Strict: a client message unlike the recorded one ends the session with close 1008. */
  readonly strict: boolean;
  readonly onMismatch: (failure: Failure) => void;
}

/** Sessions that are the same up to the first message of their clients. */
export interface Choice {
  /** What the server says before that. */
  readonly opening: readonly RecordedMessage[];
  readonly headMs: number;
  /** The session, and the place in it of the client's first message. */
  readonly choose: (first: Said | undefined) => { readonly entry: Entry; readonly place: number };
}

/** What a player says, and how it ended. */
export interface Played {
  readonly parts: Parts;
  readonly ending: Promise<Ending>;
}

/** Plays the server's side of a recorded WebSocket session. */
export function play(playing: Playing): Played {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  return { parts: conversation(playing, resolve), ending: promise };
}

async function* conversation(playing: Playing, settle: (ending: Ending) => void): Parts {
  const { exchange, choice, slot, ensemble } = playing;
  const hear = listenTo(playing);
  const standIns = createStandIns(ensemble.shared);
  let ending: Ending | undefined;
  let leave = (): void => {};
  try {
    let first: Said | undefined;
    if ('choose' in choice) {
      yield* said(playSequence(openingOf(choice)), standIns);
      first = await hear();
    }
    const chosen = 'choose' in choice ? choice.choose(first) : { entry: choice, place: 0 };
    const scene = createScene(playing, { ...chosen, standIns });
    leave = scene.leave;
    let ahead = first;
    const hearAhead = (): Promise<Said | undefined> => {
      const next = ahead === undefined ? hear() : Promise.resolve(ahead);
      ahead = undefined;
      return next;
    };
    const steps = playSequence({ ...scene.sequence, hear: hearAhead });
    const played = yield* said(ensemble.policy === 'timed' ? onTime(steps) : steps, standIns);
    ending = played === 'over' ? scene.recorded : scene.refusal();
  } finally {
    leave();
    slot.leave();
    // Unknown where the client had gone, or the reader stopped because of that.
    settle(ending ?? clientEnding(exchange.signal));
  }
}

function openingOf({ opening, headMs }: Choice): Sequence {
  return {
    messages: opening,
    headMs,
    hear: () => Promise.resolve(undefined),
    matches: () => false,
    mismatched: () => true,
  };
}

/** Under `timed` a message goes at its time: no pause is left to be waited out after that. */
async function* onTime<End>(steps: AsyncGenerator<Released, End>): AsyncGenerator<Released, End> {
  for (;;) {
    const step = await steps.next();
    if (step.done === true) return step.value;
    yield { ...step.value, delayMs: 0 };
  }
}

/** Passes on what a sequence releases, with what stands in; gives how it ended. */
async function* said<End>(
  steps: AsyncGenerator<Released, End>,
  standIns: StandIns,
): AsyncGenerator<Part, End> {
  for (;;) {
    const step = await steps.next();
    if (step.done === true) return step.value;
    const part = partOf(step.value, standIns);
    if (part !== undefined) yield part;
  }
}

/** A message as a part of the answer. Pongs answer this client's pings, not the recorded one's: the framing sends them. */
function partOf({ message, delayMs }: Released, standIns: StandIns): Part | undefined {
  const { atMs, kind, bytes } = message;
  if (kind === 'pong' || kind === 'end' || kind === 'message') return undefined;
  if (kind !== 'text') return { atMs, kind, bytes, delayMs };
  const recorded = bytes.toString();
  const live = standIns.applyTo(recorded);
  return { atMs, kind, bytes: live === recorded ? bytes : Buffer.from(live), delayMs };
}

/** The client's next message without its pings and pongs, and what is optional: none of these gates or fails a replay. */
function listenTo({
  exchange: { body },
  ensemble,
  choice,
}: Playing): () => Promise<Said | undefined> {
  if (body === undefined || Buffer.isBuffer(body)) return () => Promise.resolve(undefined);
  const parts = body[Symbol.asyncIterator]();
  const byHand = optionalByHand(choice);
  return async () => {
    for (;;) {
      const next: IteratorResult<Part, unknown> = await parts.next();
      if (next.done === true) return undefined;
      const { value } = next;
      if (value.kind !== 'text' && value.kind !== 'binary') continue;
      if (!isOptional(value, ensemble) && !byHand.some((one) => one.equals(value.bytes))) {
        return value;
      }
    }
  };
}

function optionalByHand(choice: Entry | Choice): readonly Buffer[] {
  if ('choose' in choice) return [];
  const messages = choice.interaction.messages ?? [];
  return messages.flatMap(({ optional, bytes }) => (optional === true ? [bytes] : []));
}
