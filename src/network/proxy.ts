import { request } from 'node:http';
import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { clientEnding } from '../exchange/client-left.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import { createAddressList, isAddressRange } from '../support/address-list.ts';
import type { Attempt } from './dial.ts';
import { dial, secure } from './dial.ts';
import { codeOf, Unreachable } from './endings.ts';
import type { Trust } from './trust.ts';

/** A proxy between magneto and the destinations. */
export interface UpstreamProxy {
  readonly host: string;
  readonly port: number;
  /** Whether the proxy itself is spoken to over TLS. */
  readonly secure: boolean;
  /** `user:password`, sent as Basic (RFC 7617). */
  readonly credentials?: string;
  /**
   * Destinations that are dialled directly: names (`a.example`, with all below it), suffixes
   * (`.corp`, `*.corp`), addresses and CIDR ranges, `*` for all.
   */
  readonly noProxy: readonly string[];
}

/** A connection to the proxy, and the TCP socket at its bottom. */
export interface ProxySockets {
  readonly socket: Socket;
  readonly transport: Socket;
}

/** The largest head of a proxy's answer, in bytes. */
const headBytesMax = 262_144;

/** Makes the test whether a destination is dialled directly, past the proxy. */
export function createBypass(noProxy: readonly string[]): (destination: Destination) => boolean {
  const addresses = createAddressList(noProxy.filter(isAddressRange));
  const names = noProxy.filter((entry) => !isAddressRange(entry)).map((name) => name.toLowerCase());
  return ({ host, address }) =>
    [host, address ?? host].some((name) => addresses.has(name)) ||
    names.some((name) => name === '*' || (isIP(host) === 0 && liesBelow(host, name)));
}

/**
 * Dials the proxy itself.
 * @throws Failure UPSTREAM_PROXY_REFUSED; Unreachable only where the client has gone.
 */
export async function dialProxy(
  proxy: UpstreamProxy,
  { trust, signal, track, isOwn }: Attempt & { readonly trust: Trust },
): Promise<ProxySockets> {
  try {
    const transport = await dial(proxy, { signal, track, isOwn });
    if (!proxy.secure) return { socket: transport, transport };
    const handshake = { name: proxy.host, alpn: [], trust, signal };
    return { socket: await secure(transport, handshake), transport };
  } catch (cause) {
    if (signal?.aborted === true || !(cause instanceof Unreachable)) throw cause;
    const code = codeOf(cause.cause) ?? cause.ending.type;
    throw refusal(proxy, `could not be reached: ${code}`, cause);
  }
}

/**
 * Asks the proxy for a tunnel to a destination (CONNECT; RFC 9110, 9.3.6); destroys the socket where it refuses.
 * @throws Failure UPSTREAM_PROXY_REFUSED; Unreachable only where the client has gone.
 */
export function openTunnel(
  { socket }: ProxySockets,
  proxy: UpstreamProxy,
  { destination, signal }: Attempt & { readonly destination: Destination },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const authority = authorityOf(destination);
    const asking = request({
      method: 'CONNECT',
      path: authority,
      headers: ['Host', authority, ...authorization(proxy)],
      setDefaultHeaders: false,
      maxHeaderSize: headBytesMax,
      createConnection: () => socket,
    });
    const refuse = (words: string, cause?: unknown): void => {
      socket.destroy();
      reject(refusal(proxy, `${words} (CONNECT ${authority})`, cause));
    };
    const giveUp = (): void => {
      socket.destroy();
      if (signal !== undefined) reject(new Unreachable(clientEnding(signal), signal.reason));
    };
    asking.on('error', (error) => refuse(`hung up: ${codeOf(error) ?? error.message}`, error));
    asking.on('close', () => signal?.removeEventListener('abort', giveUp));
    asking.on('connect', (answer, _socket, head: Buffer) => {
      const status = answer.statusCode ?? 0;
      if (status < 200 || status > 299) return refuse(`answered ${status} ${answer.statusMessage}`);
      // A server that speaks first may have spoken already.
      if (head.length > 0) socket.unshift(head);
      resolve();
    });
    signal?.addEventListener('abort', giveUp);
    asking.end();
  });
}

/** The header with the credentials for the proxy, as Node takes it; empty without credentials. */
export function authorization(proxy: UpstreamProxy): readonly string[] {
  if (proxy.credentials === undefined) return [];
  return ['Proxy-Authorization', `Basic ${Buffer.from(proxy.credentials).toString('base64')}`];
}

/** The failure that says what an upstream proxy did. */
export function refusal(proxy: UpstreamProxy, words: string, cause?: unknown): Failure {
  return new Failure('UPSTREAM_PROXY_REFUSED', `${authorityOf(proxy)} ${words}`, { cause });
}

function liesBelow(host: string, entry: string): boolean {
  const suffix = entry.replace(/^\*?\./, '');
  return host.endsWith(`.${suffix}`) || host === entry;
}
