import { isIP } from 'node:net';
import { inspect } from 'node:util';
import { isAddressRange } from '../support/address-list.ts';

/** How long a replayed answer takes: not at all, as recorded, a fixed time, or a share of the recorded one. */
export type Latency =
  | { readonly type: 'none' }
  | { readonly type: 'recorded' }
  | { readonly type: 'fixed'; readonly ms: number }
  | { readonly type: 'scaled'; readonly percent: number };

/** A proxy that stands between magneto and the network. */
export interface UpstreamProxy {
  /** Whether the proxy itself is spoken to over TLS. */
  readonly secure: boolean;
  /** Lower-case name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** `user:password`, unescaped; printing the settings leaves it out. */
  readonly credentials?: string;
}

/** What is wrong with a value; the message goes on from "MAGNETO_X is …". */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

/** The words that an option can have; what is written as type is what is checked. */
export const words = {
  mode: ['auto', 'record', 'replay', 'passthrough', 'hybrid'],
  cassetteFormat: ['json', 'json.gz', 'msgpack', 'msgpack.gz'],
  onMiss: ['fail', 'passthrough', 'record'],
  raw: ['passthrough', 'record'],
  fsync: ['always', 'interval', 'never'],
  iptables: ['auto', 'nft', 'legacy', 'plain'],
  fail: ['closed', 'open'],
  udp: ['auto', 'pass', 'reject'],
  dnsMiss: ['nxdomain', 'servfail'],
  websocketReplay: ['synchronized', 'timed', 'triggered'],
  logLevel: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
} as const;

type Words = typeof words;

/** A parser for one of the word lists. */
export function word<Kind extends keyof Words>(kind: Kind): (text: string) => Words[Kind][number] {
  const known: readonly Words[Kind][number][] = words[kind];
  return (text) => {
    const found = known.find((candidate) => candidate === text);
    if (found === undefined) throw new ValueError('not one of its words');
    return found;
  };
}

/** A parser for whole numbers within bounds. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) throw new ValueError('out of its range');
    return value;
  };
}

/** `true` or `false`, `1` or `0`. */
export function truth(text: string): boolean {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === '1') return true;
  if (lower === 'false' || lower === '0') return false;
  throw new ValueError('neither true nor false');
}

/** `on` or `off`, `true` or `false`, `1` or `0`. */
export function onOff(text: string): boolean {
  const lower = text.toLowerCase();
  if (lower === 'on' || lower === 'off') return lower === 'on';
  return truth(text);
}

/** Ports of servers: each once. */
export function ports(text: string): readonly number[] {
  return [...new Set(list(text).map(whole(1, 65_535)))];
}

/** Any text that a path can be. */
export function path(text: string): string {
  // A NUL would throw from deep inside the file system, far from the option.
  if (text.includes('\0')) throw new ValueError('no path');
  return text;
}

/** A name that stays inside the cassette folder: relative, without `..`; folders are allowed. */
export function cassetteName(text: string): string {
  // Both separators, and drive letters: a name must mean the same on every machine, and never lead out.
  if (/^([/\\]|[a-z]:)/i.test(text)) throw new ValueError('an absolute path');
  if (text.split(/[/\\]/).includes('..')) throw new ValueError('it leads out of the folder');
  return path(text);
}

/** The members of a comma-separated list, trimmed, without empty ones. */
export function list(text: string): readonly string[] {
  return text
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

/** Addresses to listen on: IP addresses (IPv6 ones with or without brackets) or names. */
export function listenHosts(text: string): readonly string[] {
  const hosts = list(text).map((member) => member.replace(/^\[(.*)\]$/, '$1').toLowerCase());
  if (hosts.length === 0) throw new ValueError('an empty list');
  const wrong = hosts.find((host) => isIP(host) === 0 && !isHostName(host));
  if (wrong !== undefined) throw new ValueError(`"${wrong}" is no address`);
  return [...new Set(hosts)];
}

const loopback: readonly string[] = ['127.0.0.0/8', '::1/128'];

/** Ranges of clients; loopback belongs to them always, as the container's own health check comes from there. */
export function clientRanges(text: string): readonly string[] {
  const ranges = list(text);
  const wrong = ranges.find((range) => !isAddressRange(range));
  if (wrong !== undefined) throw new ValueError(`"${wrong}" is no range`);
  return [...new Set([...loopback, ...ranges])];
}

/** Names of hosts, lower-case, without brackets: `example.org`, `*.example.org`, `*`. */
export function hostPatterns(text: string): readonly string[] {
  const hosts = list(text).map((member) => member.replace(/^\[(.*)\]$/, '$1').toLowerCase());
  const wrong = hosts.find((host) => isIP(host) === 0 && !isHostName(host.replace(/^\*\.?/, 'x.')));
  if (wrong !== undefined) throw new ValueError(`"${wrong}" is no host`);
  return hosts;
}

/** What is not sent through the upstream proxy: host patterns, suffixes (`.example.org`), addresses and CIDR ranges. */
export function noProxy(text: string): readonly string[] {
  return list(text).map((member) => {
    if (isAddressRange(member)) return member;
    const [host] = hostPatterns(member.replace(/^\./, '*.'));
    return host ?? member;
  });
}

/** `none`, `recorded`, `fixed:MS`, `scaled:PERCENT`. */
export function latency(text: string): Latency {
  if (text === 'none' || text === 'recorded') return { type: text };
  const match = /^(fixed|scaled):(\d{1,8}(?:\.\d{1,3})?)$/.exec(text);
  const amount = Number(match?.[2]);
  // Node's timers fire at once beyond 2^31 ms; a day is longer than anyone waits.
  if (match?.[1] === 'fixed' && amount <= 86_400_000) return { type: 'fixed', ms: amount };
  if (match?.[1] === 'scaled' && amount <= 100_000) return { type: 'scaled', percent: amount };
  throw new ValueError('no latency');
}

/** Names of files, which are read when the network is needed. */
export function files(text: string): readonly string[] {
  return list(text).map(path);
}

/** The base URL of a service that is spoken to over HTTP; nothing where none is given. */
export function httpUrl(text: string): string | undefined {
  if (text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text;
  throw new ValueError('no http or https URL');
}

/** `http://[user:password@]host[:port]` or `https://…`; nothing for an empty text. The error never repeats the value. */
export function upstreamProxy(text: string): UpstreamProxy | undefined {
  if (text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const secure = url?.protocol === 'https:';
  if (url === undefined || (!secure && url.protocol !== 'http:')) throw new ValueError('no proxy');
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw new ValueError('no proxy');
  const proxy = {
    secure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
  };
  if (proxy.port === 0) throw new ValueError('no proxy');
  if (url.username === '' && url.password === '') return proxy;
  const credentials = `${unescaped(url.username)}:${unescaped(url.password)}`;
  return Object.assign(new DiscreetProxy(), proxy, { credentials });
}

/** Its credentials can be read, but are in no print of it: not in JSON, so not in the log, nor in what `inspect` shows. */
class DiscreetProxy {
  toJSON(): object {
    return Object.assign({}, this, { credentials: '[FILTERED]' });
  }

  [inspect.custom](): object {
    return this.toJSON();
  }
}

/** A password with a bare "%" is meant as it stands. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether a text is a name that a host can have; an underscore is let pass. */
export function isHostName(text: string): boolean {
  return (
    text.length <= 253 &&
    /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(text)
  );
}
