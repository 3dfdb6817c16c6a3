import type { IncomingMessage } from 'node:http';
import type { Arrival } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import { isUnnamed, parseAuthority } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';

/** Where a request is to go: its destination, and the path with the query as the client wrote it. */
export interface Target {
  readonly destination: Destination;
  readonly path: string;
}

/**
 * Reads the target of a request (RFC 9112, 3.2): an absolute URL wins, also over another Host
 * header; then what the arrival knows (CONNECT, TLS server name, kernel); then the Host header,
 * which also names a destination of which the kernel knows no more than its address.
 */
export function targetOf(request: IncomingMessage, arrival: Arrival): Target | Failure {
  const url = request.url ?? '/';
  if (!url.startsWith('/') && url !== '*') return absoluteTarget(request, arrival);
  const host = request.headers.host ?? '';
  if (arrival.destination !== undefined) {
    return { destination: named(arrival.destination, host), path: url };
  }
  const secure = 'encrypted' in arrival.socket;
  const authority = parseAuthority(host, secure ? 443 : 80);
  if (authority === undefined) {
    const what = host === '' ? 'has no Host header' : `has the Host header ${JSON.stringify(host)}`;
    return new Failure('DESTINATION_UNKNOWN', `${request.method} ${url} ${what}`);
  }
  return { destination: { ...authority, secure, learnt: 'host' }, path: url };
}

/** A destination under the name that a Host header gives it; its port is the one that was connected to. */
function named(destination: Destination, hostHeader: string): Destination {
  if (!isUnnamed(destination)) return destination;
  const host = parseAuthority(hostHeader, destination.port)?.host;
  return host === undefined ? destination : { ...destination, host, learnt: 'host' };
}

function absoluteTarget(request: IncomingMessage, arrival: Arrival): Target | Failure {
  const url = request.url ?? '';
  const match = /^(https?|wss?):\/\/(?:[^/?#@]*@)?([^/?#]*)([^#]*)/i.exec(url);
  const scheme = match?.[1]?.toLowerCase() ?? '';
  const secure = scheme === 'https' || scheme === 'wss';
  const authority = parseAuthority(match?.[2] ?? '', secure ? 443 : 80);
  if (authority === undefined) {
    return new Failure(
      'DESTINATION_UNKNOWN',
      `the request target ${JSON.stringify(url)} is no URL`,
    );
  }
  // A captured client that speaks to a proxy of its own names another port than it connected to.
  const { address, port } = arrival.destination ?? {};
  const captured = address !== undefined && port === authority.port;
  return {
    destination: { ...authority, secure, learnt: 'url', ...(captured ? { address } : {}) },
    path: pathOf(request, match?.[3] ?? ''),
  };
}

/** The path of an absolute URL; OPTIONS of a bare authority is `OPTIONS *` (RFC 9112, 3.2.4). */
function pathOf(request: IncomingMessage, rest: string): string {
  if (rest === '' && request.method === 'OPTIONS') return '*';
  return rest.startsWith('/') ? rest : `/${rest}`;
}
