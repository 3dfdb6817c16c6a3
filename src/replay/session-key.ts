import type { Entry } from '../cassette/cassette.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import type { Headers } from '../exchange/headers.ts';
import { headerValue, headerValues } from '../exchange/headers.ts';
import { callerDigest, callerOf, lasting } from '../cassette/cassette.ts';

/** By what the sessions of one URL are told apart; `message`: by the client's first. */
export type SessionKey =
  | { readonly by: 'header'; readonly name: string }
  | { readonly by: 'query'; readonly name: string }
  /** Without a name: any of them. */
  | { readonly by: 'cookie'; readonly name?: string }
  | { readonly by: 'protocol' }
  | { readonly by: 'message' };

/** The recorded sessions that are of the same caller, key by key; a key that none has tells nothing. */
export function sameCaller(
  entries: readonly Entry[],
  { head }: Pick<HttpExchange, 'head'>,
  keys: readonly SessionKey[],
): readonly Entry[] {
  return keys.reduce((left, key) => {
    if (left.length < 2) return left;
    const same = left.filter(({ interaction: { request } }) => isSame(key, head, request));
    return same.length === 0 ? left : same;
  }, entries);
}

/** What is compared of a request, live or recorded. */
interface Asked {
  readonly path: string;
  readonly headers: Headers;
  readonly caller?: Readonly<Record<string, string>>;
}

function isSame(key: SessionKey, live: Asked, recorded: Asked): boolean {
  switch (key.by) {
    case 'header':
      return isSameHeader(key.name.toLowerCase(), live, recorded);
    case 'query': {
      const value = parameter(live.path, key.name);
      const was = parameter(recorded.path, key.name);
      return value !== undefined && was !== undefined && lasting(value) === lasting(was);
    }
    case 'cookie':
      return isSameCookie(key.name, live, recorded);
    case 'protocol': {
      const [is, was] = [live, recorded].map(({ headers }) => protocolsOf(headers));
      return is !== '' && is === was;
    }
    case 'message':
      return false;
  }
}

function isSameHeader(name: string, live: Asked, recorded: Asked): boolean {
  const value = headerValue(live.headers, name);
  if (value === undefined) return false;
  const digest = recorded.caller?.[name];
  if (digest !== undefined) return digest === callerDigest(name, value);
  const was = headerValue(recorded.headers, name);
  return was !== undefined && lasting(was) === lasting(value);
}

function isSameCookie(name: string | undefined, live: Asked, recorded: Asked): boolean {
  const digests = Object.entries(callerOf(live.headers) ?? {});
  return digests.some(
    ([key, digest]) =>
      key.startsWith('cookie.') &&
      (name === undefined || key === `cookie.${name}`) &&
      recorded.caller?.[key] === digest,
  );
}

/** Subprotocols as asked for; browsers can send a token in no other way. */
function protocolsOf(headers: Headers): string {
  return lasting(headerValues(headers, 'sec-websocket-protocol').join(','));
}

/**
 * Sessions of a path whose query differs by nothing but what tells callers apart: the parameters
 * that are named, and tokens of the same person that are signed anew.
 */
export function samePath(
  entries: readonly Entry[],
  { head }: Pick<HttpExchange, 'head'>,
  keys: readonly SessionKey[],
): readonly Entry[] {
  const named = keys.flatMap((key) => (key.by === 'query' ? [key.name] : []));
  const wanted = withoutKeys(head.path, named);
  return entries.filter(
    ({ interaction: { request } }) => withoutKeys(request.path, named) === wanted,
  );
}

function withoutKeys(path: string, named: readonly string[]): string {
  return parametersOf(path)
    .filter(([name]) => !named.includes(name))
    .map(([name, value]) => `${name}=${lasting(value)}`)
    .toSorted()
    .join('&');
}

function parameter(path: string, name: string): string | undefined {
  return parametersOf(path).find(([one]) => one === name)?.[1];
}

function parametersOf(path: string): readonly (readonly [name: string, value: string])[] {
  const query = path.indexOf('?');
  return query === -1 ? [] : [...new URLSearchParams(path.slice(query + 1))];
}
