import { hash } from 'node:crypto';
import type { Headers } from '../exchange/headers.ts';
import { headerValue, headerValues } from '../exchange/headers.ts';
import { lastingClaims, tokensOf } from '../support/token.ts';

/** Credentials that stand in no cassette, and yet tell whose session it is. */
const credentials: readonly string[] = ['authorization', 'x-api-key'];

const cookiesMax = 16;

/**
 * What tells callers apart whose credentials are not kept. Four hex digits and no more: they tell
 * the sessions of one URL apart, and whoever has the cassette and tries a list of passwords against
 * them is left with one in 65,536 of it, most of them wrong (decision 0021).
 */
export function callerOf(headers: Headers): Readonly<Record<string, string>> | undefined {
  const names = credentials.flatMap((name): (readonly [string, string])[] => {
    const value = headerValue(headers, name);
    return value === undefined ? [] : [[name, value]];
  });
  const cookies = cookiesOf(headers).slice(0, cookiesMax);
  const all = [...names, ...cookies.map(([name, value]) => [`cookie.${name}`, value] as const)];
  if (all.length === 0) return undefined;
  return Object.fromEntries(all.map(([name, value]) => [name, callerDigest(name, value)]));
}

/** The digits of one value. */
export function callerDigest(name: string, value: string): string {
  return hash('sha256', `magneto caller ${name} ${lasting(value)}`, 'hex').slice(0, 4);
}

/** A value without what is new in each token of the same person. */
export function lasting(value: string): string {
  return tokensOf(value)
    .map((token) => (token.shape === 'jwt' ? (lastingClaims(token) ?? token.text) : token.text))
    .join('');
}

/** The cookies that a client sends (RFC 6265, 4.2.1). */
function cookiesOf(headers: Headers): readonly (readonly [name: string, value: string])[] {
  return headerValues(headers, 'cookie')
    .flatMap((line) => line.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair.includes('='))
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const);
}
