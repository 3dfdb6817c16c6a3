import type { Backend } from './backend.ts';

export { reservedGid as captureGid } from '../support/folder-group.ts';

/** What is captured, and who is left alone. */
export interface Rules {
  /** Traffic of processes with this user and this group, both, is our own. */
  readonly uid: number;
  readonly gid: number;
  /** Where captured connections go. */
  readonly proxyPort: number;
  /** Where the control plane listens. */
  readonly controlPort: number;
  /** Where questions for names go; nothing where they are not captured. */
  readonly dnsPort: number | undefined;
  /** Whether a resolver on loopback, Docker's, asks on from this very namespace when we ask it. */
  readonly resolverAsksOn: boolean;
  /** Destination ports that are captured, over TCP; `all` is each but our own. */
  readonly ports: readonly number[] | 'all';
  /** Who and what is captured, of that. */
  readonly scope: Scope;
  /** Whether connections of other machines, which have us as their router, are captured too. */
  readonly gateway: boolean;
  /** Whether what those say is passed on where it is not captured. */
  readonly forwards: boolean;
  /** What becomes of UDP that is neither QUIC nor a question for a name. */
  readonly udp: 'pass' | 'reject';
  /** Whether our own traffic is kept from leaving this machine. */
  readonly sealed: boolean;
  /** The kind of iptables to write with; `auto` looks for it. */
  readonly backend: Backend | 'auto';
}

/** What is left alone: not captured, not refused, but counted. Empty lists narrow nothing. */
export interface Scope {
  /** Ports that are left alone, over TCP and UDP. */
  readonly excludedPorts: readonly number[];
  /** Addresses and CIDR ranges: only these destinations, and none of those. */
  readonly cidrs: readonly string[];
  readonly excludedCidrs: readonly string[];
  /** Users by number, or `from-to`: only these, and none of those. Processes of this machine alone have one. */
  readonly uids: readonly string[];
  readonly excludedUids: readonly string[];
}

/** A scope that narrows nothing. */
export const everything: Scope = {
  excludedPorts: [],
  cidrs: [],
  excludedCidrs: [],
  uids: [],
  excludedUids: [],
};

/** The ports that magneto listens on. */
export function ownPorts({ proxyPort, controlPort, dnsPort }: Rules): readonly number[] {
  return [proxyPort, controlPort, dnsPort ?? 0].filter((port) => port > 0);
}
