import type { Outcome } from './upstream.ts';

/** A question for a name, as a client asked it. */
export interface DnsQuestion {
  /** Lower-case, without the last dot. */
  readonly name: string;
  /** `A`, `AAAA`, `HTTPS`; `TYPE4711` where it has no name here (RFC 3597, 5). */
  readonly type: string;
  /** Absent for the Internet's own; `CH` in questions such as `version.bind`. */
  readonly class?: string;
  /** Present where EDNS was spoken (RFC 6891): `dnssec` asked for signatures too (RFC 3225). */
  readonly edns?: 'plain' | 'dnssec';
  /** The whole message, as it came. */
  readonly message: Buffer;
  readonly transport: 'udp' | 'tcp';
}

/**
 * What a record says: a text (A, AAAA, CNAME, NS, PTR, DNAME), a list of texts (TXT), an object with
 * the members of its type (MX, SRV, SOA, CAA, HTTPS, SVCB), or `{ base64 }` of any other type.
 */
export type DnsData = string | readonly unknown[] | Readonly<Record<string, unknown>>;

/** A resource record (RFC 1035, 3.2.1). */
export interface DnsRecord {
  /** Without the last dot; `.` is the root. */
  readonly name: string;
  readonly type: string;
  /** Seconds that it may be kept. */
  readonly ttl: number;
  readonly data: DnsData;
}

/** What a resolver said of a name: all that does not depend on who asked, and how. */
export interface DnsFinding {
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED` (RFC 6895, 2.3). */
  readonly code: string;
  /** `aa`, `ra` and `ad`, in this order (RFC 1035, 4.1.1; RFC 4035, 3.2.3). */
  readonly flags: readonly string[];
  /** The answer section: aliases and what they lead to, in the order sent. */
  readonly records: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
  /** Present where the resolver spoke EDNS (RFC 6891): the size it takes, and errors in its words (RFC 8914). */
  readonly edns?: { readonly size: number; readonly errors: readonly string[] };
  /** The message without id and EDNS, where writing the records would give other bytes. */
  readonly wire?: Buffer;
}

/** The answer to a question. */
export interface DnsAnswer {
  /** The whole message, however long, for this question. */
  readonly message: Buffer;
  readonly outcome: Outcome;
  /** Present where no resolver said anything, so that the message is ours. */
  readonly ending?: 'timedOut';
  /** The interaction that answered, or that was written. */
  readonly interaction?: string;
}

/** Whatever answers questions for names: the network's resolver, a cassette, or one of them wrapped. */
export interface Resolver {
  /** Never rejects, and always answers: a client that hears nothing waits for long. */
  readonly resolve: (question: DnsQuestion) => Promise<DnsAnswer>;
}
