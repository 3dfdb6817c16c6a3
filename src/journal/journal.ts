import type { Untouched } from '../exchange/arrival.ts';
import type { Ending, PartKind, Side } from '../exchange/conversation.ts';
import type { Learnt } from '../exchange/destination.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { FailureCode } from '../exchange/failure.ts';
import type { Truncated } from '../exchange/interaction.ts';
import type { Outcome } from '../exchange/upstream.ts';
import { maskPath } from '../redaction/redaction.ts';
import { count, noCounts } from './counts.ts';
import type { Counts, Tally } from './counts.ts';
import type { Inventory, LiveUse } from './inventory.ts';
import { createInventory } from './inventory.ts';
import type { PassedTally, PassedThrough } from './passed-through.ts';
import { createPassedTally } from './passed-through.ts';
import type { ClientRefusals, RefusalTally } from './refusals.ts';
import { createRefusalTally } from './refusals.ts';

export type { Counts } from './counts.ts';
export { receipt, sessionReceipt } from './receipt.ts';
export type { Bypassed, Receipt, SessionReceipt } from './receipt.ts';

/** What became of one exchange, or of one attempt to connect: no secrets, no bodies. */
export interface JournalEntry {
  /** The exchange's, unique within the run. */
  readonly id: string;
  /** When it began: ISO 8601, UTC, milliseconds. */
  readonly at: string;
  readonly kind: Exchange['kind'] | 'connect' | 'dns';
  /** The mode in force. */
  readonly mode: string;
  readonly outcome: Outcome;
  readonly method?: string;
  readonly host: string;
  readonly port: number;
  /** Whether the client spoke TLS to it. */
  readonly secure: boolean;
  /** The address that the kernel told of. */
  readonly address?: string;
  /** How the host came to be known; absent where nobody named it. */
  readonly learnt?: Learnt;
  /** The addresses that were told for a name. */
  readonly addresses?: readonly string[];
  /** Why a raw stream was passed on as it was. */
  readonly untouched?: Untouched;
  /** Path and query; the journal masks the values of the query, where keys and tokens travel. */
  readonly path?: string;
  readonly status?: number;
  /** Milliseconds from its beginning to its end. */
  readonly ms: number;
  /** Bytes of the bodies: what the client said, and what it was told. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly failure?: FailureCode;
  /** The faults on purpose that it met. */
  readonly fault?: string;
  /** The interaction that answered, or that was written. */
  readonly interaction?: string;
  /** Why less was recorded than passed, or replayed than there was. */
  readonly truncated?: Truncated;
  /** Set where a range was cut out of a longer answer that was recorded. */
  readonly range?: 'cut';
  readonly ending: Ending['type'];
  /** The client's `traceparent`, where it sent one. */
  readonly trace?: string;
  /** The cassette of the client, in a run that has several. */
  readonly session?: string;
}

/** What happened in this run, in order. */
export interface Journal {
  readonly append: (entry: JournalEntry) => void;
  /** Hears each entry, once it is counted; the answer stops that. */
  readonly subscribe: (listener: (entry: JournalEntry) => void) => () => void;
  /** The latest entries, oldest first; those before fell off the ring. */
  readonly entries: () => readonly JournalEntry[];
  /** Over the whole run, or one session of it, whatever fell off the ring; a copy. */
  readonly counts: (session?: string) => Counts;
  /** What was talked to, over the whole run; a copy. */
  readonly inventory: () => Inventory;
  /** The live neighbours that were used, over the whole run; a copy. */
  readonly live: () => readonly LiveUse[];
  /** A client refused the certificate; the answer says how many of its kind have. */
  readonly refused: RefusalTally['add'];
  /** Who has refused the certificate, and how often. */
  readonly refusals: () => readonly ClientRefusals[];
  /** A host (`host:port`) is passed through from here on, because clients refuse the certificate for it. */
  readonly gaveUp: PassedTally['gaveUp'];
  /** What TLS was passed through unopened, over the whole run; a copy. */
  readonly passedThrough: () => readonly PassedThrough[];
  /** A WebSocket message passed. */
  readonly message: (side: Side, kind: PartKind) => void;
  /** A WebSocket was opened, or came to its end. */
  readonly webSocket: (change: 1 | -1) => void;
  /** How many WebSockets are open. */
  readonly openWebSockets: () => number;
  /** Hears each WebSocket message; the answer stops that. */
  readonly subscribeMessages: (listener: MessageListener) => () => void;
}

/** Hears who said a WebSocket message, and of which kind. */
export type MessageListener = (side: Side, kind: PartKind) => void;

/** A journal that keeps the latest `capacity` entries (1000). */
export function createJournal(options: { readonly capacity?: number } = {}): Journal {
  const capacity = Math.max(1, options.capacity ?? 1000);
  const ring: JournalEntry[] = [];
  const totals = noCounts();
  const inventory = createInventory();
  // As many as the settings name: clients cannot make more of them.
  const sessions = new Map<string, Tally>();
  const listeners = new Set<(entry: JournalEntry) => void>();
  const messageListeners = new Set<MessageListener>();
  const refusals = createRefusalTally();
  const passed = createPassedTally();
  let next = 0;
  let openWebSockets = 0;

  return {
    append: (told) => {
      const entry = masked(told);
      ring[next] = entry;
      next = (next + 1) % capacity;
      count(totals, entry);
      passed.add(entry);
      inventory.add(entry);
      if (entry.session !== undefined) count(tallyOf(sessions, entry.session), entry);
      for (const listener of listeners) listener(entry);
    },
    subscribe: (listener) => subscription(listeners, listener),
    entries: () =>
      ring.length < capacity ? [...ring] : [...ring.slice(next), ...ring.slice(0, next)],
    counts: (session) => ({
      ...(session === undefined ? totals : (sessions.get(session) ?? noCounts())),
    }),
    inventory: inventory.list,
    live: inventory.live,
    refused: refusals.add,
    refusals: refusals.list,
    gaveUp: passed.gaveUp,
    passedThrough: passed.list,
    message: (side, kind) => {
      for (const listener of messageListeners) listener(side, kind);
    },
    webSocket: (change) => {
      openWebSockets += change;
    },
    openWebSockets: () => openWebSockets,
    subscribeMessages: (listener) => subscription(messageListeners, listener),
  };
}

/** The journal of a run as one of its sessions writes it: each entry bears its name. */
export function ofSession(journal: Journal, session: string): Journal {
  return { ...journal, append: (entry) => journal.append({ ...entry, session }) };
}

function tallyOf(sessions: Map<string, Tally>, session: string): Tally {
  const tally = sessions.get(session) ?? noCounts();
  sessions.set(session, tally);
  return tally;
}

/** Here, because every entry comes by: the log, the control plane and whoever subscribes see no more. */
function masked(entry: JournalEntry): JournalEntry {
  return entry.path?.includes('?') === true ? { ...entry, path: maskPath(entry.path) } : entry;
}

function subscription<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
