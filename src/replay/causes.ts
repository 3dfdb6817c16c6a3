import { authorityOf } from '../exchange/destination.ts';
import type { Interaction, RecordedMessage } from '../exchange/interaction.ts';
import { beganAt } from '../exchange/interaction.ts';

/** Something that a client did on another connection, and that a server's message may have come of. */
export interface Cause {
  /** Place of its interaction in the recording. */
  readonly place: number;
  /** Which of the client's messages; -1 is the request itself, or the opening of a session. */
  readonly ordinal: number;
}

/** What each message of a server came of, as far as times and words tell. */
export interface Causes {
  /** Those of a message of an interaction, by their places; none for what answers its own client. */
  readonly of: (place: number, messagePlace: number) => readonly Cause[];
}

/** A server passes on at once what it passes on. */
const causeMsMax = 1_000;
const causesMax = 8;
/** So many events before a message are looked at, however many came at once. */
const nearMax = 64;
/** Where it is not known how much after `startedAt` they began, two may be that much nearer than they seem. */
const uncertainMsMax = 1;

interface Event extends Cause {
  readonly timeMs: number;
  readonly interaction: Interaction;
  /** Nothing: a request, whose words are those of its body. */
  readonly message: RecordedMessage | undefined;
}

/**
 * Finds causes in a recording. `counts`: which messages of clients are compared, and so can be waited
 * for. Looks through it when it is first asked.
 */
export function createCauses(
  interactions: readonly Interaction[],
  counts: (message: RecordedMessage) => boolean,
): Causes {
  let events: readonly Event[] | undefined;
  const known = new Map<number, readonly (readonly Cause[])[]>();
  const causesIn = (place: number): readonly (readonly Cause[])[] => {
    events ??= eventsOf(interactions, counts);
    return findCauses(place, interactions[place], events);
  };
  return {
    of(place, messagePlace) {
      let found = known.get(place);
      if (found === undefined) {
        found = causesIn(place);
        known.set(place, found);
      }
      return found[messagePlace] ?? [];
    },
  };
}

/** What clients did, in the order of its time: requests that may change something, openings, messages. */
function eventsOf(
  interactions: readonly Interaction[],
  counts: (message: RecordedMessage) => boolean,
): readonly Event[] {
  const events: Event[] = [];
  for (const [place, interaction] of interactions.entries()) {
    const { kind, request, messages } = interaction;
    // A safe method asks for nothing to be done (RFC 9110, 9.2.1), so nobody is told of it.
    const isRequest = kind === 'http' && !/^(?:GET|HEAD|OPTIONS|TRACE)$/.test(request.method);
    if (!isRequest && kind !== 'websocket') continue;
    const startMs = beganAt(interaction);
    events.push({ place, interaction, ordinal: -1, timeMs: startMs, message: undefined });
    let ordinal = 0;
    for (const message of messages ?? []) {
      if (message.from === 'server' || !counts(message)) continue;
      events.push({ place, interaction, ordinal, timeMs: startMs + message.atMs, message });
      ordinal += 1;
    }
  }
  return events.toSorted((one, other) => one.timeMs - other.timeMs);
}

function findCauses(
  place: number,
  interaction: Interaction | undefined,
  events: readonly Event[],
): readonly (readonly Cause[])[] {
  if (interaction === undefined) return [];
  const startMs = beganAt(interaction);
  const isCertain = interaction.timing.startMs !== undefined;
  const uncertainMs = isCertain ? 0 : uncertainMsMax;
  let since = startMs + (interaction.timing.headMs ?? 0);
  let own: RecordedMessage[] = [];
  let spoke = false;
  return (interaction.messages ?? []).map((message) => {
    if (message.from === 'client') {
      if (message.kind === 'text' || message.kind === 'binary') own.push(message);
      return [];
    }
    const timeMs = startMs + message.atMs;
    const fromMs = Math.max(since, timeMs - causeMsMax);
    const window = eventsBetween(events, fromMs - uncertainMs, timeMs + uncertainMs);
    const near = window.filter((one) => one.place !== place).slice(-nearMax);
    const certainMs = timeMs - uncertainMs;
    // What comes first, and soon, answers the opening of its own session.
    const answers = own.length > 0 || (!spoke && message.atMs <= causeMsMax);
    const found = causesOf({ message, interaction, own, answers, certainMs }, near);
    since = timeMs;
    own = [];
    spoke = true;
    return found;
  });
}

interface Effect {
  readonly message: RecordedMessage;
  readonly interaction: Interaction;
  /** What its own client said since the server last spoke. */
  readonly own: readonly RecordedMessage[];
  /** Whether it may answer its own client. */
  readonly answers: boolean;
  /** What came until then came before it in any case. */
  readonly certainMs: number;
}

function causesOf(
  { message, interaction, own, answers, certainMs }: Effect,
  near: readonly Event[],
): readonly Cause[] {
  if (near.length === 0) return [];
  const said = wordsOf(message.bytes);
  for (const one of own) for (const word of wordsOf(one.bytes)) said.delete(word);
  const telling = near.filter((event) => [...wordsOfEvent(event)].some((word) => said.has(word)));
  if (telling.length > 0) return telling.slice(-causesMax).map(causeOf);
  // It answers its own client; or else it is told of whatever happened last at its server.
  if (answers) return [];
  const where = authorityOf(interaction.request.destination);
  const last = near.findLast(
    (one) => one.timeMs <= certainMs && authorityOf(one.interaction.request.destination) === where,
  );
  return last === undefined ? [] : [causeOf(last)];
}

function causeOf({ place, ordinal }: Event): Cause {
  return { place, ordinal };
}

/** Events from one time to another. */
function eventsBetween(events: readonly Event[], fromMs: number, toMs: number): readonly Event[] {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.timeMs ?? 0) < fromMs) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < events.length && (events[end]?.timeMs ?? 0) <= toMs) end += 1;
  return events.slice(low, end);
}

function wordsOfEvent({ message, interaction }: Event): ReadonlySet<string> {
  if (message !== undefined) return wordsOf(message.bytes);
  const { path, body } = interaction.request;
  const query = Buffer.from(path.slice(path.indexOf('?') + 1).replaceAll(/[\w-]+=/g, ' '));
  return path.includes('?') ? new Set([...wordsOf(query), ...wordsOf(body)]) : wordsOf(body);
}

const wordBytesMax = 4_096;

/** The words of a text but for the names of members, which all messages of a kind share. */
function wordsOf(bytes: Buffer | undefined): Set<string> {
  const text = (bytes ?? Buffer.alloc(0)).toString('utf8', 0, wordBytesMax);
  const values = text.replaceAll(/"[^"\\]*"\s*:/g, ' ');
  return new Set(values.match(/[\p{L}\p{N}_-]{2,}/gu) ?? []);
}
