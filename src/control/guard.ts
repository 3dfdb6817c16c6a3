import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { parseAuthority } from '../exchange/destination.ts';
import { createAddressList } from '../support/address-list.ts';
import { createHostPatterns } from '../support/host-patterns.ts';
import type { Reply } from './reply.ts';
import { failureReply } from './reply.ts';

/** Whom the control plane answers. */
export interface GuardOptions {
  /** Addresses and CIDR ranges of those who may ask. */
  readonly allowClients: readonly string[];
  /** Names under which it may be asked, beside those that nobody else can have. */
  readonly hostnames: readonly string[];
  /** What has to be sent to change anything; nothing: only loopback may. */
  readonly token: string | undefined;
}

/** Refuses what is not to be answered; nothing where it is. */
export interface Guard {
  /** Whoever asks, whatever for. */
  readonly refuse: (request: IncomingMessage) => Reply | undefined;
  /** Whoever asks for something that changes the run. */
  readonly refuseChange: (request: IncomingMessage) => Reply | undefined;
}

/** Names that no stranger's DNS can give an address to. */
const ownNames: readonly string[] = [
  'localhost',
  '*.localhost',
  'magneto.local',
  'host.docker.internal',
];

/** Makes the guard of a control plane. @throws RangeError where a range or a name is none. */
export function createGuard({ allowClients, hostnames, token }: GuardOptions): Guard {
  const clients = createAddressList(allowClients);
  const loopback = createAddressList(['127.0.0.0/8', '::1']);
  const names = createHostPatterns([...ownNames, ...hostnames]);
  return {
    refuse(request) {
      const address = request.socket.remoteAddress ?? '';
      if (!clients.has(address)) {
        const words = `${address} is in no range of MAGNETO_ALLOW_CLIENTS`;
        return failureReply('CLIENT_NOT_ALLOWED', words);
      }
      const stranger = hostsOf(request).find((host) => !isKnown(host, names.hasHost));
      if (stranger === undefined) return undefined;
      return failureReply('CONTROL_HOST_UNKNOWN', `${JSON.stringify(stranger)} is asked for`);
    },
    refuseChange(request) {
      const origin = foreignOrigin(request);
      if (origin !== undefined) return failureReply('CONTROL_ORIGIN_REFUSED', origin);
      const address = request.socket.remoteAddress ?? '';
      if (token === undefined) {
        if (loopback.has(address)) return undefined;
        const words = `${address} is not on loopback, and MAGNETO_CONTROL_TOKEN is not set`;
        return failureReply('CONTROL_TOKEN_UNSET', words);
      }
      if (bears(request.headers.authorization ?? '', token)) return undefined;
      const reply = failureReply('CONTROL_TOKEN_WRONG', `${address} sent no token that fits`);
      return { ...reply, headers: { ...reply.headers, 'WWW-Authenticate': 'Bearer' } };
    },
  };
}

/** The hosts that a request names: its Host header, and the authority of a target that is a whole URL. */
function hostsOf(request: IncomingMessage): readonly string[] {
  const target = /^https?:\/\/([^/?#]*)/i.exec(request.url ?? '')?.[1];
  // Only HTTP/1.0, which no browser speaks, may leave the header out: Node answers the others 400.
  return [request.headers.host, target].filter((host) => host !== undefined);
}

/**
 * Whether a name is ours: otherwise a page of evil.example, having had its name point to this machine
 * (DNS rebinding), could read what only its owner may. Names without a dot are never registered, and
 * are those of compose services and of most containers.
 */
function isKnown(authority: string, named: (host: string) => boolean): boolean {
  const host = parseAuthority(authority, 80)?.host.replace(/\.$/, '');
  if (host === undefined) return false;
  if (isIP(host) !== 0 || /^[a-z0-9_-]+$/.test(host)) return true;
  return named(host) || host === hostname().toLowerCase();
}

/** Browsers say from where a request comes (Fetch, 3.2): a page could otherwise end the run of whoever looks at it (CSRF). */
function foreignOrigin({ headers }: IncomingMessage): string | undefined {
  const { origin } = headers;
  if (origin !== undefined) return `the request comes from ${JSON.stringify(origin)}`;
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'none') return undefined;
  return `the request comes from a page (${JSON.stringify(site)})`;
}

/** Over digests, in constant time: how long it takes tells nothing of how much of a guess is right. */
function bears(authorization: string, token: string): boolean {
  const sent = /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
  return timingSafeEqual(digest(sent), digest(token));
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
