import type { Destination } from '../exchange/destination.ts';
import { authorityOf, originOf, parseAuthority } from '../exchange/destination.ts';
import type { Interaction } from '../exchange/interaction.ts';

/** Where a request went: as it stands in a cassette, `url` and, where the path is none that a URL can have, `path`. */
export interface WrittenUrl {
  readonly url: string;
  readonly path?: string;
}

/** The URL of a request; `address` is left out, for it changes from run to run. */
export function writeUrl({ kind, request }: Interaction): WrittenUrl {
  if (kind === 'stream') return { url: streamUrl(request.destination) };
  const origin = originOf(request.destination, kind === 'websocket' ? 'websocket' : 'http');
  if (request.path.startsWith('/')) return { url: origin + request.path };
  return request.path === '' && kind === 'connect'
    ? { url: origin }
    : { url: origin, path: request.path };
}

/** The schemes of the URLs that stand in cassettes. */
export const urlSchemes = 'http, https, ws, wss, tcp or tls';

/** Destination and path of a URL, the path as written (`''` where it has none); nothing where it is not one of ours. */
export function readUrl(
  url: string,
): { readonly destination: Destination; readonly path: string } | undefined {
  const stream = /^(tcp|tls):\/\/([^/?#@]+)$/i.exec(url);
  if (stream !== null) return readStreamUrl(stream);
  const match =
    /^(http|ws)(s?):\/\/(?:[^/?#@]*@)?(?:\[([^\]]+)\]|([^/:?#[\]]+))(?::(\d{1,5}))?([/?].*)?$/is.exec(
      url,
    );
  const host = match?.[3] ?? match?.[4];
  if (match === null || host === undefined) return undefined;
  const secure = match[2] !== '';
  const port = match[5] === undefined ? (secure ? 443 : 80) : Number(match[5]);
  if (port > 65_535) return undefined;
  const rest = match[6] ?? '';
  const path = rest.startsWith('?') ? `/${rest}` : rest;
  return { destination: { host: host.toLowerCase(), port, secure }, path };
}

/** No port is usual for bytes that nobody knows, so it is always told. */
function streamUrl(destination: Destination): string {
  return `${destination.secure ? 'tls' : 'tcp'}://${authorityOf(destination)}`;
}

function readStreamUrl([, scheme, authority = '']: RegExpExecArray): ReturnType<typeof readUrl> {
  const place = parseAuthority(authority);
  if (place === undefined) return undefined;
  return { destination: { ...place, secure: scheme?.toLowerCase() === 'tls' }, path: '' };
}
