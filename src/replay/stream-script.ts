import type { Interaction, RecordedMessage } from '../exchange/interaction.ts';
import { createByteScript } from './byte-script.ts';
import type { Dialect } from './dialect.ts';
import { beginsNats, nats } from './dialect-nats.ts';
import { beginsRedis, redis } from './dialect-redis.ts';
import type { Units } from './stream-units.ts';
import { unitsOf } from './stream-units.ts';
import { createUnitScript } from './unit-script.ts';

/** Something that a recorded server says, or that it says no more. */
export interface Line {
  /** Milliseconds since the recorded stream began. */
  readonly atMs: number;
  /** Milliseconds since either side said what it had said last. */
  readonly delayMs: number;
  /** Nothing: the server has said its last. */
  readonly bytes: Buffer | undefined;
}

/** A line, and how many of the things that a client said came before it. */
export interface Cue {
  readonly after: number;
  readonly line: Line;
}

/** Where a client said something else than the recorded one. */
export interface Mismatch {
  /** Bytes that the client had said before. */
  readonly offset: number;
  /** Nothing where the recording has no more. */
  readonly expected: Buffer | undefined;
  readonly got: Buffer;
}

/** What is done with something that the recording does not have: lines to say to it, or nothing. */
export type Otherwise = (got: Buffer) => readonly Line[] | undefined;

/** The server's side of one recorded stream on one connection: it is told what the client says. */
export interface Script {
  /** What there is to say by now, all of it: it only grows. */
  readonly said: readonly Line[];
  /** How much came in another place than it was recorded in. */
  readonly misplaced: number;
  /** Takes bytes in whatever pieces; those of a mismatch are kept, and taken again the next time. */
  take(bytes: Buffer, otherwise?: Otherwise): Mismatch | undefined;
  /** The client has said its last. */
  end(): void;
}

/** A recorded stream, read once, of which any number of scripts can be begun. */
export interface Play {
  readonly interaction: Interaction;
  /** Whether the server says something before the client does. */
  readonly serverFirst: boolean;
  readonly begin: () => Script;
  /** Present where each thing that a client asks has its own reply. */
  readonly units?: Units;
}

/** Reads a recorded stream: in the units of a protocol that is known, else as bytes. */
export function playOf(interaction: Interaction): Play {
  const messages = interaction.messages ?? [];
  const serverFirst = messages[0]?.from === 'server';
  const dialect = dialectOf(messages);
  const units = dialect && unitsOf(interaction, dialect);
  if (units === undefined) {
    return { interaction, serverFirst, begin: () => createByteScript(interaction) };
  }
  return { interaction, serverFirst, units, begin: () => createUnitScript(units) };
}

function dialectOf(messages: readonly RecordedMessage[]): Dialect | undefined {
  const first = (from: RecordedMessage['from']): Buffer =>
    messages.find((message) => message.from === from)?.bytes ?? Buffer.alloc(0);
  if (beginsNats(first('server'))) return nats;
  return beginsRedis(first('client')) ? redis : undefined;
}
