import { parseJsonText } from '../support/json-value.ts';
import type { Token } from '../support/token.ts';
import { isOfShape, lastingClaims, timeOf, tokensOf } from '../support/token.ts';

/** What is known of the place at which two texts are compared. */
export interface Compared {
  /** When the recorded message was said, in milliseconds since 1970. */
  readonly recordedAt: number;
  /** Whether a server gave this value to a client before, in the recording; of the live one: ever. */
  readonly given: (value: string, before: number) => boolean;
  /** Whether a server says this value later in the recording. */
  readonly echoed: (value: string) => boolean;
}

/** Which live value stands for which recorded one: ids and times that the client makes anew in each run. */
export interface StandIns {
  /** Begins to compare a message: what it finds counts once it is kept. */
  readonly trial: (compared: Compared) => Trial;
  /** A text of the server with what this client, or else one beside it, has in the place of what was recorded. */
  readonly applyTo: (text: string) => string;
}

/** What one message would add. */
export interface Trial {
  /** Whether a live text can be what was recorded, but for what stands in. */
  readonly fits: (recorded: string, live: string) => boolean;
  /** Notes a member whose value is not compared: a server that says it again says the live one. */
  readonly note: (name: string, recorded: string, live: string) => void;
  readonly keep: () => void;
}

/** What is known of the values of one run of a cassette, for all its sessions. */
export interface SharedValues {
  readonly tokens: Map<string, string>;
}

const valuesMax = 10_000;

/** Times may be wrong by so much; the clocks of machines are. */
const clockMsMax = 5 * 60_000;

/** Makes the stand-ins of one session. */
export function createStandIns(shared: SharedValues): StandIns {
  const own: Own = { tokens: new Map(), taken: new Set(), members: new Map() };
  return {
    trial: (compared) => createTrial(own, shared, compared),
    applyTo(text) {
      const named = own.members.size === 0 ? text : withMembers(text, own.members);
      if (own.tokens.size === 0 && shared.tokens.size === 0) return named;
      return tokensOf(named)
        .map(({ text: recorded, shape }) => {
          if (shape === 'literal') return recorded;
          return own.tokens.get(recorded) ?? shared.tokens.get(recorded) ?? recorded;
        })
        .join('');
    },
  };
}

interface Own {
  /** Live tokens by recorded ones. */
  readonly tokens: Map<string, string>;
  /** Live ids that stand for one already: they stand for no other. */
  readonly taken: Set<string>;
  /** Live values of members that are not compared, by name and recorded value. */
  readonly members: Map<string, string>;
}

function createTrial(own: Own, shared: SharedValues, compared: Compared): Trial {
  const found = new Map<string, string>();
  const noted = new Map<string, string>();
  const standsFor = (was: Token, is: Token): boolean => {
    if (was.shape === 'literal') return was.text === is.text;
    if (was.shape === 'clock') {
      if (was.text === is.text) return true;
      if (!isOfShape(is, was) || !areNow(was, is, compared)) return false;
    } else {
      const stands = found.get(was.text) ?? own.tokens.get(was.text);
      if (stands !== undefined) return stands === is.text;
      if (was.text === is.text) return true;
      if (own.taken.has(is.text) || !isMadeAnew(was, is, compared)) return false;
    }
    found.set(was.text, is.text);
    return true;
  };
  return {
    fits(recorded, live) {
      const [was, is] = [tokensOf(recorded), tokensOf(live)];
      return (
        was.length === is.length &&
        was.every((token, index) => {
          const other = is[index];
          return other !== undefined && standsFor(token, other);
        })
      );
    },
    note: (name, recorded, live) => void noted.set(memberKey(name, recorded), live),
    keep() {
      for (const [recorded, live] of found) {
        remember(own.tokens, recorded, live);
        remember(shared.tokens, recorded, live);
        if (own.taken.size < valuesMax) own.taken.add(live);
      }
      for (const [key, live] of noted) remember(own.members, key, live);
    },
  };
}

/** Whether both say when they were said: then neither says more than that. */
function areNow(was: Token, is: Token, { recordedAt }: Compared): boolean {
  return (
    Math.abs(timeOf(was) - recordedAt) <= clockMsMax &&
    Math.abs(timeOf(is) - Date.now()) <= clockMsMax
  );
}

/** Whether the client made the recorded value itself, and the live one in its place. */
function isMadeAnew(was: Token, is: Token, { given, echoed, recordedAt }: Compared): boolean {
  if (!isOfShape(is, was)) return false;
  if (was.shape === 'jwt') {
    const claims = lastingClaims(was);
    return claims !== undefined && claims === lastingClaims(is);
  }
  // What a server gave is sent back as it is: another one is a mistake of the client.
  if (given(was.text, recordedAt) || given(is.text, Number.POSITIVE_INFINITY)) return false;
  return was.shape !== 'short' || echoed(was.text);
}

function remember(values: Map<string, string>, recorded: string, live: string): void {
  values.delete(recorded);
  values.set(recorded, live);
  if (values.size <= valuesMax) return;
  for (const [oldest] of values) {
    values.delete(oldest);
    return;
  }
}

/** A member by name and value; as in JSON, so that a text is not a number. */
function memberKey(name: string, value: string): string {
  return `${name}=${value}`;
}

/** Each text of a JSON text, with the text or number that it is the name of. */
const member = /"((?:[^"\\]|\\.)*)"(?:(\s*:\s*)(?:"((?:[^"\\]|\\.)*)"|(-?\d[\d.eE+-]*)))?/g;

function withMembers(text: string, members: ReadonlyMap<string, string>): string {
  // Of a text that is no JSON a quote without its other half would make the search quadratic.
  if (parseJsonText(text) === undefined) return text;
  return text.replace(member, (all: string, ...groups: readonly (string | undefined)[]) => {
    const [name = '', colon, word, digits] = groups;
    const live = members.get(memberKey(name, word ?? digits ?? ''));
    if (colon === undefined || live === undefined) return all;
    return `"${name}"${colon}${word === undefined ? live : JSON.stringify(live)}`;
  });
}
