import type { Counts } from './counts.ts';

/** What the journal cannot know of a run: it is told by the session's cassette. */
export interface RunFacts {
  readonly mode: string;
  readonly cassette: string;
  /** Interactions that the cassette had when it was opened. */
  readonly loaded: number;
  /** Loaded interactions that answered nobody. */
  readonly unused: number;
  /** Whether the take that was served, or that was made, was not ended in order. */
  readonly unfinished: boolean;
  /** `sha256:…` of the cassette file; nothing where there is none. */
  readonly cassetteDigest: string | null;
}

/** What a run did: the body of `GET /receipt`, and the last line of the log. */
export interface Receipt extends RunFacts, Counts {}

/** The receipt of a run, its members in the order of the documentation. */
export function receipt(counts: Counts, facts: RunFacts): Receipt {
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
    unfinished: facts.unfinished,
    cassetteDigest: facts.cassetteDigest,
  };
}
