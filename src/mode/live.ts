import type { Likely, Session, Untouched } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf, isUnnamed } from '../exchange/destination.ts';
import type { DnsAnswer, Resolver } from '../exchange/dns.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Answer, ClientHello, Upstream } from '../exchange/upstream.ts';
import type { Journal } from '../journal/journal.ts';
import { addressesIn } from '../support/dns-finding.ts';
import { withChanges } from '../exchange/changes.ts';
import { journaled } from './journaled.ts';
import type { LiveHosts } from './live-hosts.ts';
import { createLiveHosts } from './live-hosts.ts';
import { journaledNames } from './names.ts';

/** What live neighbours are reached with. */
export interface LiveOptions {
  /** Names, ranges of addresses, with ports or without. */
  readonly hosts: readonly string[];
  readonly network: Upstream;
  /** What answers for names where those are captured, and the domains in which clients try them. */
  readonly names?: { readonly resolver: Resolver; readonly search: readonly string[] } | undefined;
}

/** Neighbours that stay real, whatever the mode: resolved live, never recorded, never replayed. */
export interface Live {
  /** Says whether a connection is to be passed on as it is: by its destination, and again with its hello. */
  readonly untouched: (destination: Destination, hello?: ClientHello) => Untouched | undefined;
  /** Whether an address was told for a live name, so that its server may be about to speak first. */
  readonly likely: (destination: Destination) => Likely | undefined;
  /** A session whose live neighbours are reached past its mode; all others are answered by it. */
  readonly beside: (session: Beside, journal: Journal) => Session;
}

/** A session, and the mode that the journal is to tell of. */
export interface Beside extends Session {
  readonly acts: string;
}

/** The live neighbours of a run. @throws RangeError where a host is none. */
export function createLive({ hosts, network, names }: LiveOptions): Live {
  const listed = createLiveHosts(hosts, names?.search);
  const upstream = onlyListed(network, listed);
  return {
    untouched(destination, hello) {
      const live =
        hello === undefined ? listed.isSure(destination) : listed.find(destination) !== undefined;
      return live ? 'live' : undefined;
    },
    likely(destination) {
      if (!isUnnamed(destination) || listed.find(destination) === undefined) return undefined;
      return listed.isShared(destination.host) ? 'shared' : 'alone';
    },
    beside(session, journal) {
      const { name, acts: mode, resolver } = session;
      const live = journaled(upstream, journal, mode);
      const liveNames =
        names &&
        journaledNames(learning(names.resolver, listed), { journal, mode, onMissed: () => {} });
      return {
        name,
        get upstream() {
          return eitherUpstream(live, session.upstream, listed);
        },
        ...(resolver && { resolver: eitherResolver(liveNames, resolver, listed) }),
      };
    },
  };
}

/** The network, for the listed destinations alone: what a replay is handed leads nowhere else. */
function onlyListed(network: Upstream, listed: LiveHosts): Upstream {
  const assertListed = (destination: Destination): void => {
    if (listed.find(destination) !== undefined) return;
    throw new TypeError(`${authorityOf(destination)} is no live neighbour`);
  };
  return {
    async offer(destination, hello) {
      assertListed(destination);
      const offer = await network.offer(destination, hello);
      return offer.type === 'ended' ? { ...offer, outcome: 'live' } : offer;
    },
    async open(exchange) {
      assertListed(exchange.destination);
      return asLive(await network.open(exchange));
    },
  };
}

function asLive(answer: Answer): Answer {
  return answer.outcome === 'forwarded' ? withChanges(answer, { outcome: 'live' }) : answer;
}

function eitherUpstream(live: Upstream, other: Upstream, listed: LiveHosts): Upstream {
  return {
    offer(destination, hello) {
      const found = listed.find(destination);
      return found === undefined ? other.offer(destination, hello) : live.offer(found, hello);
    },
    open(exchange) {
      const destination = listed.find(exchange.destination);
      if (destination === undefined) return other.open(exchange);
      return live.open(withChanges<Exchange>(exchange, { destination }));
    },
  };
}

function eitherResolver(live: Resolver | undefined, other: Resolver, listed: LiveHosts): Resolver {
  return {
    async resolve(question) {
      const isLive = live !== undefined && listed.nameIn(question.name) !== undefined;
      if (isLive) return live.resolve(question);
      const answer = await other.resolve(question);
      listed.learnOther(addressesIn(answer.message));
      return answer;
    },
  };
}

/** A resolver that remembers which addresses live names have: a raw stream says no name of its own. */
function learning(resolver: Resolver, listed: LiveHosts): Resolver {
  return {
    async resolve(question): Promise<DnsAnswer> {
      const answer = await resolver.resolve(question);
      const name = listed.nameIn(question.name);
      if (name === undefined) return answer;
      listed.learn(name, addressesIn(answer.message));
      return { ...answer, outcome: 'live' };
    },
  };
}
