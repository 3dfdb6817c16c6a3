import type { Entry } from '../cassette/cassette.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import type { Failure } from '../exchange/failure.ts';
import type { ResponseHead } from '../exchange/http.ts';
import type { RecordedMessage, RecordedResponse } from '../exchange/interaction.ts';
import { beganAt } from '../exchange/interaction.ts';
import type { Answer } from '../exchange/upstream.ts';
import type { Turn } from './cursors.ts';
import type { Ensemble } from './ensemble.ts';
import { urlOf } from './ensemble.ts';
import { matchesMessage } from './message-match.ts';
import type { Choice } from './play.ts';
import { play } from './play.ts';
import { answerFrom, pauseBeforeEnd } from './recorded-answer.ts';
import type { Said } from './sequence.ts';
import { sameCaller } from './session-key.ts';
import type { Slot } from './stage.ts';
import { createStandIns } from './stand-ins.ts';

/** A WebSocket that a client asks for. */
export interface AskedSession {
  readonly exchange: HttpExchange;
  readonly ensemble: Ensemble;
  readonly strict: boolean;
  readonly onMismatch: (exchange: HttpExchange, failure: Failure) => void;
}

/** The answer to a handshake, of the sessions recorded at its URL; nothing where there are none. */
export function replaySession(asked: AskedSession, recorded: readonly Entry[]): Answer | undefined {
  const { exchange, ensemble } = asked;
  const entries = sameCaller(recorded, exchange, ensemble.keys);
  const first = ensemble.turns.peek(entries);
  if (first === undefined) return undefined;
  const { response, timing } = first.entry.interaction;
  if (response?.status !== 101) {
    return answerFrom({ ...asked, ...ensemble.turns.take(first.entry) });
  }
  const choice = choiceAmong(asked, entries, first.entry);
  // What is not told apart by its first message is taken now, before another client asks.
  let turn = choice === undefined ? ensemble.turns.take(first.entry) : undefined;
  let mismatched = false;
  const slot = enterStage(asked, first.entry);
  const take: Choice['choose'] = (said) => {
    const found = choice?.choose(said) ?? { entry: first.entry, place: 0 };
    turn = ensemble.turns.take(found.entry);
    return found;
  };
  const { parts, ending } = play({
    exchange,
    ensemble,
    slot,
    strict: asked.strict,
    choice: choice === undefined ? first.entry : { ...choice, choose: take },
    onMismatch(failure) {
      mismatched = true;
      asked.onMismatch(exchange, failure);
    },
  });
  return {
    head: headOf(response),
    delayMs: timing.headMs ?? timing.endMs,
    body: parts,
    ending,
    framing: 'messages',
    // Under `timed` the end has a time of its own.
    get endDelayMs() {
      return ensemble.policy === 'timed' ? 0 : pauseBeforeEnd((turn ?? first).entry.interaction);
    },
    get interaction() {
      return (turn ?? first).entry.interaction.id;
    },
    get truncated() {
      return (turn ?? first).entry.interaction.truncated;
    },
    get outcome() {
      if (mismatched && asked.strict) return 'missed';
      return (turn ?? first).repeated ? 'repeated' : 'replayed';
    },
  };
}

function headOf({ status, statusText, httpVersion, headers }: RecordedResponse): ResponseHead {
  return { status, statusText, httpVersion, headers };
}

/** What is shown is what this client asked for. */
function enterStage({ ensemble, exchange }: AskedSession, { interaction }: Entry): Slot {
  const url = urlOf({ request: { ...interaction.request, path: exchange.head.path } });
  return ensemble.stage.enter({ id: exchange.id, url, policy: ensemble.policy });
}

/** The choice by the client's first message, where that tells the sessions apart which may come next. */
function choiceAmong(
  { ensemble }: AskedSession,
  entries: readonly Entry[],
  first: Entry,
): Choice | undefined {
  if (entries.length < 2 || !ensemble.keys.some(({ by }) => by === 'message')) return undefined;
  // Where the server does not wait for the client, it cannot wait for its first message.
  if (ensemble.policy !== 'synchronized') return undefined;
  const opening = openingOf(first, ensemble);
  const alike = entries.filter((entry) => isAlike(openingOf(entry, ensemble), opening));
  const firsts = alike.map((entry) => firstOf(entry, ensemble));
  if (firsts.every((one) => firsts[0] !== undefined && one?.bytes.equals(firsts[0].bytes))) {
    return undefined;
  }
  return {
    opening,
    headMs: first.interaction.timing.headMs ?? 0,
    choose: (said) => {
      const entry = chosen(alike, said, ensemble);
      return { entry, place: openingEnd(entry, ensemble) };
    },
  };
}

/** The first session that was not played yet and begins with this message; or else the last that does; or the next. */
function chosen(entries: readonly Entry[], said: Said | undefined, ensemble: Ensemble): Entry {
  const fitting = entries.filter((entry) => fits(entry, said, ensemble));
  const turn: Turn | undefined = ensemble.turns.peek(fitting.length > 0 ? fitting : entries);
  if (turn === undefined) throw new RangeError('no session to choose among');
  return turn.entry;
}

function fits(entry: Entry, said: Said | undefined, ensemble: Ensemble): boolean {
  const expected = firstOf(entry, ensemble);
  if (said === undefined || expected === undefined) return said === expected;
  if (expected.bytes.equals(said.bytes)) return expected.kind === said.kind;
  const { ignore, shared, values } = ensemble;
  const recordedAt = beganAt(entry.interaction) + expected.atMs;
  const trial = () =>
    createStandIns({ tokens: new Map(shared.tokens) }).trial({
      recordedAt,
      given: values.saidBefore,
      echoed: (value) => values.saidAfter(value, recordedAt),
    });
  return matchesMessage(expected, said, { ignore, trial });
}

function firstOf(entry: Entry, { counts }: Ensemble): RecordedMessage | undefined {
  return entry.interaction.messages?.find((one) => one.from === 'client' && counts(one));
}

/** What the server says before its client does. */
function openingOf(entry: Entry, ensemble: Ensemble): readonly RecordedMessage[] {
  const messages = entry.interaction.messages ?? [];
  return messages.slice(0, openingEnd(entry, ensemble)).filter(({ from }) => from === 'server');
}

function openingEnd({ interaction }: Entry, { counts }: Ensemble): number {
  const messages = interaction.messages ?? [];
  const first = messages.findIndex((one) => one.from === 'client' && counts(one));
  return first === -1 ? messages.length : first;
}

function isAlike(one: readonly RecordedMessage[], other: readonly RecordedMessage[]): boolean {
  return (
    one.length === other.length &&
    one.every((message, place) => {
      const twin = other[place];
      return twin?.kind === message.kind && twin.bytes.equals(message.bytes);
    })
  );
}
