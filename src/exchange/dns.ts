import type { Outcome } from './upstream.ts';

/** A question for a name, as a client asked it. */
export interface DnsQuestion {
  /** Lower-case, without the last dot. */
  readonly name: string;
  /** `A`, `AAAA`, `HTTPS` (RFC 1035, 3.2.2, and later ones). */
  readonly type: string;
  /** The whole message, as it came. */
  readonly message: Buffer;
  readonly transport: 'udp' | 'tcp';
}

/** What a resolver said of a name: the part of it that is kept. */
export interface DnsFinding {
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL` (RFC 1035, 4.1.1). */
  readonly code: string;
  /** The addresses of the type that was asked for; an alias's are those that it leads to. */
  readonly addresses: readonly string[];
  /** Seconds that it may be kept. */
  readonly ttl: number;
}

/** The answer to a question. */
export interface DnsAnswer extends DnsFinding {
  /** The resolver's own message, to be passed on as it is; absent where one has to be written. */
  readonly message?: Buffer;
  readonly outcome: Outcome;
  /** The interaction that answered, where one did. */
  readonly interaction?: string;
}

/** Whatever answers questions for names: the network's resolver, a cassette, or one of them wrapped. */
export interface Resolver {
  /** Never rejects; nothing where nobody answered, so that the client goes by its own clock. */
  readonly resolve: (question: DnsQuestion) => Promise<DnsAnswer | undefined>;
}
