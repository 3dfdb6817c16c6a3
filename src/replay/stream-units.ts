import type { Side } from '../exchange/conversation.ts';
import type { Interaction, RecordedMessage } from '../exchange/interaction.ts';
import type { Dialect, Meaning } from './dialect.ts';
import { cueOfEnding } from './stream-cues.ts';
import type { Cue, Line } from './stream-script.ts';

/** Something that a recorded client said. */
export interface Ask {
  readonly bytes: Buffer;
  /** What has to be equal in place of the bytes. */
  readonly key: string | undefined;
  /** What the server said to it, where it answers what it is asked. */
  readonly replies: readonly Line[];
}

/** A recorded stream in the units of its protocol; what keeps a connection alive is left out. */
export interface Units {
  readonly dialect: Dialect;
  readonly asks: readonly Ask[];
  readonly cues: readonly Cue[];
  /** The longest thing that the client said. */
  readonly askBytesMax: number;
}

/** A thing said, and the message that it began in and the one that made it whole. */
interface Unit {
  readonly bytes: Buffer;
  readonly began: number;
  readonly whole: number;
  /** The stream broke off in its midst. */
  readonly broken?: boolean;
}

const said: Meaning = { type: 'said' };

/** Reads a stream in the units of a protocol; nothing where it is not all of that protocol. */
export function unitsOf(interaction: Interaction, dialect: Dialect): Units | undefined {
  const messages = interaction.messages ?? [];
  const client = cutSide(messages, 'client', dialect);
  const server = cutSide(messages, 'server', dialect);
  if (client === undefined || server === undefined) return undefined;
  const { asks, waiting } = readAsks(client, dialect);
  const cues = readCues(server, { messages, dialect, asks, waiting });
  if (cues === undefined) return undefined;
  return {
    dialect,
    asks,
    cues: [...cues, ...endOf(messages, asks), ...cueOfEnding(interaction, asks.length)],
    askBytesMax: asks.reduce((most, { bytes }) => Math.max(most, bytes.length), 0),
  };
}

interface Asked extends Ask {
  readonly replies: Line[];
  readonly whole: number;
}

/** What has to be said again, and where the replies to all that was said go, one after the other. */
interface Asks {
  readonly asks: readonly Asked[];
  /** Replies to what is left out are left out. */
  readonly waiting: readonly (Line[] | undefined)[];
}

function readAsks(units: readonly Unit[], dialect: Dialect): Asks {
  const asks: Asked[] = [];
  const waiting: (Line[] | undefined)[] = [];
  for (const { bytes, whole, broken } of units) {
    // What nobody heard to its end, nobody answered.
    if (broken === true) continue;
    const meaning = dialect.meaning(bytes, 'client');
    const replies: Line[] = [];
    const isSaid = meaning.type === 'said';
    if (isSaid) asks.push({ bytes, key: meaning.key, replies, whole });
    const count = dialect.repliesTo?.(bytes) ?? 0;
    for (let left = count; left > 0; left -= 1) waiting.push(isSaid ? replies : undefined);
  }
  return { asks, waiting };
}

/** Hands the replies to what they reply to, and gives what was said besides; nothing where replies are too many. */
function readCues(
  units: readonly Unit[],
  {
    messages,
    dialect,
    asks,
    waiting,
  }: Asks & {
    readonly messages: readonly RecordedMessage[];
    readonly dialect: Dialect;
  },
): readonly Cue[] | undefined {
  const cues: Cue[] = [];
  let replied = 0;
  for (const { bytes, began, whole, broken } of units) {
    const meaning: Meaning = broken === true ? said : dialect.meaning(bytes, 'server');
    const line = lineAt(messages, whole, bytes);
    if (meaning.type === 'said') cues.push({ after: countBefore(asks, began), line });
    if (meaning.type !== 'reply') continue;
    if (replied === waiting.length) return undefined;
    waiting[replied]?.push(line);
    replied += 1;
  }
  return cues;
}

/** The end of the server's side, which waits for that of the client where that came first. */
function endOf(messages: readonly RecordedMessage[], asks: readonly Asked[]): readonly Cue[] {
  const endOfSide = (side: Side): number =>
    messages.findIndex(({ from, kind }) => from === side && kind === 'end');
  const [client, server] = [endOfSide('client'), endOfSide('server')];
  if (server === -1) return [];
  const last = client !== -1 && client < server;
  const after = last ? asks.length + 1 : countBefore(asks, server);
  return [{ after, line: lineAt(messages, server, undefined) }];
}

function lineAt(
  messages: readonly RecordedMessage[],
  place: number,
  bytes: Buffer | undefined,
): Line {
  const atMs = messages[place]?.atMs ?? 0;
  return { atMs, delayMs: Math.max(0, atMs - (messages[place - 1]?.atMs ?? 0)), bytes };
}

/** How many things had been said whole before a message: they are in order, so half of them need no look. */
function countBefore(asks: readonly Asked[], message: number): number {
  let [low, high] = [0, asks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((asks[middle]?.whole ?? 0) < message) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What one side said, unit by unit. */
function cutSide(
  messages: readonly RecordedMessage[],
  from: Side,
  dialect: Dialect,
): readonly Unit[] | undefined {
  const units: Unit[] = [];
  let held: Buffer = Buffer.alloc(0);
  let began = 0;
  for (const [place, message] of messages.entries()) {
    if (message.from !== from || message.kind !== 'data') continue;
    if (held.length === 0) began = place;
    held = held.length === 0 ? message.bytes : Buffer.concat([held, message.bytes]);
    while (held.length > 0) {
      const length = dialect.cut(held, from);
      if (length === 'broken') return undefined;
      if (length === 'more') break;
      units.push({ bytes: held.subarray(0, length), began, whole: place });
      held = held.subarray(length);
      began = place;
    }
  }
  if (held.length > 0) units.push({ bytes: held, began, whole: messages.length - 1, broken: true });
  return units;
}
