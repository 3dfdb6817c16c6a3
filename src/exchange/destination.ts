/**
 * How the name of a host came to be known: from a CONNECT, from the URL of a request, from its Host
 * header, from the server name of a TLS hello, or because it was told for the address.
 */
export type Learnt = 'connect' | 'url' | 'host' | 'sni' | 'dns';

/** Host and port that a client wanted, and whether it wanted them over TLS. */
export interface Destination {
  /** Lower-case name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** True when the client speaks TLS to the destination. */
  readonly secure: boolean;
  /** The address to dial where the kernel named one; otherwise `host` is dialled. */
  readonly address?: string;
  /** How `host` came to be known; absent where only the kernel told of it. */
  readonly learnt?: Learnt;
}

/** Whether only the kernel has named it, by its address, so that a server name or Host header may still do so. */
export function isUnnamed({ host, address }: Destination): boolean {
  return address !== undefined && host === address;
}

/** Host and port of an authority (`example.org:80`, `[::1]:443`); nothing where it is not one (RFC 3986, 3.2). */
export function parseAuthority(
  authority: string,
  defaultPort?: number,
): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9a-f:.%]+)\]|([^\s:/?#@[\]]+))(?::(\d{1,5}))?$/i.exec(authority);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (host === undefined || port === undefined || port < 1 || port > 65_535) return undefined;
  return { host: host.toLowerCase(), port };
}

/** A host as it stands in a URL: IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** `host:port`, IPv6 addresses in brackets. */
export function authorityOf(destination: { readonly host: string; readonly port: number }): string {
  return `${urlHost(destination.host)}:${destination.port}`;
}

/** `host[:port]`, the port left out where it is the scheme's own (80 or 443). */
export function usualAuthority(destination: Destination): string {
  const usual = destination.port === (destination.secure ? 443 : 80);
  return usual ? urlHost(destination.host) : authorityOf(destination);
}

/** `scheme://host[:port]`, the port left out where it is the scheme's own (80 or 443). */
export function originOf(destination: Destination, kind: 'http' | 'websocket' = 'http'): string {
  const name = kind === 'http' ? 'http' : 'ws';
  const scheme = destination.secure ? `${name}s` : name;
  return `${scheme}://${usualAuthority(destination)}`;
}
