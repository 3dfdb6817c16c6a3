/** Clients of one kind that refused the certificate for one host in one way. */
export interface ClientRefusals {
  /** `host:port`. */
  readonly host: string;
  readonly count: number;
  /** What they probably run on. */
  readonly runtime: string;
  /** By an alert, or by leaving. */
  readonly how: string;
}

/** What is told of one refusal. */
export type Refused = Omit<ClientRefusals, 'count'>;

/** Counts refusals. */
export interface RefusalTally {
  /** Counts one; the answer says how many there are of its kind. */
  readonly add: (refused: Refused) => number;
  /** Those so far, the first kinds first. */
  readonly list: () => readonly ClientRefusals[];
}

/** Hosts are chosen by clients: what goes over this many kinds counts as one. */
const kindsMax = 100;
const others: Refused = { host: 'other', runtime: 'unknown', how: 'of more kinds than are kept' };

/** Counts refusals by host, runtime and way. */
export function createRefusalTally(): RefusalTally {
  const kinds = new Map<string, Refused & { count: number }>();
  return {
    add(refused) {
      const { host, runtime, how } = keptAs(kinds, refused);
      const key = keyOf({ host, runtime, how });
      const kind = kinds.get(key) ?? { host, runtime, how, count: 0 };
      kind.count += 1;
      kinds.set(key, kind);
      return kind.count;
    },
    list: () =>
      [...kinds.values()].map(({ host, count, runtime, how }) => ({ host, count, runtime, how })),
  };
}

function keptAs(kinds: ReadonlyMap<string, Refused>, refused: Refused): Refused {
  return kinds.has(keyOf(refused)) || kinds.size < kindsMax ? refused : others;
}

function keyOf({ host, runtime, how }: Refused): string {
  return `${host} ${runtime} ${how}`;
}
