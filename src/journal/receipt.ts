import type { Counts } from './counts.ts';
import type { Inventory, LiveUse } from './inventory.ts';
import type { Journal } from './journal.ts';
import type { PassedThrough } from './passed-through.ts';
import type { ClientRefusals } from './refusals.ts';

/** What passed the kernel's rules by, in packets or connections as the rules count them; null where nobody can tell. */
export interface Bypassed {
  /** TCP connections that no rule led here. */
  readonly tcpBypassed: number | null;
  readonly udpPassed: number | null;
  readonly udpRejected: number | null;
  readonly quicRejected: number | null;
  /** Neither TCP nor UDP. */
  readonly otherPassed: number | null;
  /** What MAGNETO_SEAL held back. */
  readonly sealed: number | null;
  /** Connections that were led here. */
  readonly captured: number | null;
}

/** What the journal cannot know of a session: it is told by its cassette. */
export interface SessionFacts {
  /** Of a run as it was asked for; of one session among several what it came to. */
  readonly mode: string;
  readonly cassette: string;
  /** Interactions that the cassette had when it was opened. */
  readonly loaded: number;
  /** Whether it writes a take. */
  readonly records: boolean;
  /** Loaded interactions that answered nobody. */
  readonly unused: number;
  /** Whether the take that was served, or that was made, was not ended in order. */
  readonly unfinished: boolean;
  /** `sha256:…` of the cassette file; nothing where there is none. */
  readonly cassetteDigest: string | null;
}

/** What the journal cannot know of a run: it is told by its sessions, the settings and the kernel. */
export interface RunFacts extends SessionFacts {
  /** Whether the run could reach no network even by mistake: a strict replay under seal. */
  readonly sealedReplay: boolean;
  /** Nothing where the kernel was not asked, or did not answer. */
  readonly bypassed: Bypassed | null;
}

/** What one session of a run did. */
export interface SessionReceipt extends Omit<SessionFacts, 'records'>, Counts {}

/** What a run did: the body of `GET /receipt`, and the last line of the log. */
export interface Receipt extends SessionReceipt {
  /** Whether nothing reached a network, as far as is known: a strict replay under seal, in which nothing was live or passed the rules by. */
  readonly isolated: boolean;
  readonly bypassed: Bypassed | null;
  /** The live neighbours that were used. */
  readonly live: readonly LiveUse[];
  /** Everything that the application talked to. */
  readonly inventory: Inventory;
  /** Clients that refused the certificate of magneto. */
  readonly clientRefusals: readonly ClientRefusals[];
  /** TLS that was passed through unopened. */
  readonly passedThrough: readonly PassedThrough[];
  /** Whether the take has holes: hosts that were passed through because clients refused the certificate. */
  readonly incomplete: boolean;
  /** In a run of several sessions, of which the rest holds the sums, what each did: by cassette. */
  readonly sessions?: Readonly<Record<string, SessionReceipt>>;
}

/** The receipt of what stands in a journal, its members in the order of the documentation. */
export function receipt(
  journal: Pick<Journal, 'counts' | 'inventory' | 'live' | 'refusals' | 'passedThrough'>,
  facts: RunFacts,
): Receipt {
  const counts = journal.counts();
  const live = journal.live();
  const passedThrough = journal.passedThrough();
  return {
    ...sessionReceipt(counts, facts),
    isolated: facts.sealedReplay && counts.liveCalls === 0 && live.length === 0 && !leaks(facts),
    bypassed: facts.bypassed,
    live,
    inventory: journal.inventory(),
    clientRefusals: journal.refusals(),
    passedThrough,
    incomplete: facts.records && passedThrough.some(({ because }) => because === 'refusals'),
  };
}

/** The receipt of one session. */
export function sessionReceipt(counts: Counts, facts: SessionFacts): SessionReceipt {
  return {
    mode: facts.mode,
    cassette: facts.cassette,
    loaded: facts.loaded,
    served: counts.served,
    missed: counts.missed,
    repeated: counts.repeated,
    unused: facts.unused,
    recorded: counts.recorded,
    liveCalls: counts.liveCalls,
    streams: counts.streams,
    failed: counts.failed,
    faults: counts.faults,
    truncated: counts.truncated,
    unfinished: facts.unfinished,
    cassetteDigest: facts.cassetteDigest,
  };
}

/** Whether the application itself is known to have got past the rules; ICMP, which every machine speaks, aside. */
function leaks({ bypassed }: RunFacts): boolean {
  return (bypassed?.tcpBypassed ?? 0) > 0 || (bypassed?.udpPassed ?? 0) > 0;
}
