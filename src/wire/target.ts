import type { IncomingMessage } from 'node:http';
import type { Arrival } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import { isUnnamed, parseAuthority } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import type { Headers } from '../exchange/headers.ts';
import { headerValue } from '../exchange/headers.ts';

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

/** What of an HTTP/2 request says where it is to go. */
export interface Http2Asked {
  readonly method: string;
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly path: string;
  readonly headers: Headers;
}

/**
 * Reads the target of an HTTP/2 request (RFC 9113, 8.3.1). What the arrival knows wins over the
 * authority that the first request of the connection names, as it does over a Host header: many
 * clients are told to name another than they connect to. Another authority later on the same
 * connection is another destination (9.1.1).
 */
export function http2TargetOf(
  asked: Http2Asked,
  arrival: Arrival,
  firstAuthority: string,
): Target | Failure {
  const { method, path } = asked;
  const name = authorityNamed(asked);
  const { destination: known } = arrival;
  if (known !== undefined && (isUnnamed(known) || name === firstAuthority)) {
    return { destination: named(known, name), path };
  }
  const secure = known?.secure ?? (asked.scheme === 'https' || 'encrypted' in arrival.socket);
  const authority = parseAuthority(name, known?.port ?? (secure ? 443 : 80));
  if (authority === undefined) {
    const words = `${method} ${path} has the authority ${JSON.stringify(name)}`;
    return new Failure('DESTINATION_UNKNOWN', words);
  }
  const { address, port } = known ?? {};
  const captured = address !== undefined && port === authority.port;
  return {
    destination: { ...authority, secure, learnt: 'url', ...(captured ? { address } : {}) },
    path,
  };
}

/** The authority that a request names: that of HTTP/2, or its Host header. */
export function authorityNamed({
  authority,
  headers,
}: Pick<Http2Asked, 'authority' | 'headers'>): string {
  return authority ?? headerValue(headers, 'host') ?? '';
}
