import type { Headers } from '../exchange/headers.ts';
import { endToEnd } from '../exchange/headers.ts';

/** The head of an HTTP/2 request: its pseudo-headers (RFC 9113, 8.3.1; RFC 8441, 4), and the rest. */
export interface Http2RequestHead {
  readonly method: string;
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  /** Empty where there is none: in a CONNECT. */
  readonly path: string;
  /** What an extended CONNECT is to become. */
  readonly protocol: string | undefined;
  readonly headers: Headers;
  /** As SETTINGS_MAX_HEADER_LIST_SIZE counts it: 32 for each field (RFC 9113, 6.5.2). */
  readonly bytes: number;
}

const fieldOverheadBytes = 32;

/** Reads a head from the flat list of fields that Node hands out. */
export function readRequestHead(flat: readonly string[]): Http2RequestHead {
  const pseudo = new Map<string, string>();
  const headers: [string, string][] = [];
  let crumbs: [string, string] | undefined;
  let bytes = 0;
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const [name = '', value = ''] = flat.slice(at, at + 2);
    bytes += name.length + value.length + fieldOverheadBytes;
    if (name.startsWith(':')) pseudo.set(name, value);
    else if (name === 'cookie' && crumbs !== undefined) crumbs[1] += `; ${value}`;
    else headers.push([name, value]);
    // HTTP/2 may split a cookie into crumbs, and no other protocol may (RFC 9113, 8.2.3).
    if (name === 'cookie') crumbs ??= headers.at(-1);
  }
  return {
    method: pseudo.get(':method') ?? 'GET',
    scheme: pseudo.get(':scheme'),
    authority: pseudo.get(':authority'),
    path: pseudo.get(':path') ?? '',
    protocol: pseudo.get(':protocol'),
    headers,
    bytes,
  };
}

/** What says how a connection of HTTP/1 is framed or used: HTTP/2 has no place for it (RFC 9113, 8.2.2). */
const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * The headers of an answer as HTTP/2 has them: names in lower case, without those of a connection.
 * @throws TypeError where a name or a value has what no header may have: Node would take a NUL for the
 * end of a value, and what follows it for other headers (header injection).
 */
export function http2Headers(headers: Headers): Headers {
  const fields = endToEnd(headers)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !connectionFields.has(name));
  for (const [name, value] of fields) {
    if (token.test(name) && !/[\0\r\n]/.test(value)) continue;
    throw new TypeError(`${JSON.stringify(name)} is no header that can be sent`);
  }
  return fields;
}

/** Headers in the one form in which Node takes interim heads and trailers; repeated names keep their order. */
export function fieldsOf(headers: Headers): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (const [name, value] of http2Headers(headers)) (fields[name] ??= []).push(value);
  return fields;
}
