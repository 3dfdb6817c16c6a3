import { hash } from 'node:crypto';
import type { Sought } from './cassette.ts';

/** The digest of a request recorded in part: any body matches it. */
export const anyBody = '*';

/** SHA-256 in hex of a request's body, or `''` where it is empty or absent: clients do not tell those two apart. */
export function bodyDigest(body: Buffer | undefined): string {
  return body === undefined || body.length === 0 ? '' : hash('sha256', body, 'hex');
}

/** The signature but for the body; the order of query parameters does not count, nor does the case of `%xx`. */
export function signatureKey({ kind, head, destination }: Sought): string {
  const scheme = destination.secure ? 'tls' : 'tcp';
  const path = normalisePath(head.path);
  return `${kind} ${head.method} ${scheme} ${destination.host}:${destination.port}${path}`;
}

/** A path with its query parameters sorted by name (repetitions keep their order) and `%xx` in capitals. */
export function normalisePath(path: string): string {
  const plain = path.includes('%') ? path.replace(/%[0-9a-f]{2}/gi, capitals) : path;
  const query = plain.indexOf('?');
  if (query === -1 || !plain.includes('&', query)) return plain;
  const parameters = plain.slice(query + 1).split('&');
  return `${plain.slice(0, query)}?${parameters.toSorted(byName).join('&')}`;
}

/** A query parameter's name, still encoded. */
export function parameterName(parameter: string): string {
  const equals = parameter.indexOf('=');
  return equals === -1 ? parameter : parameter.slice(0, equals);
}

function byName(one: string, other: string): number {
  const [a, b] = [parameterName(one), parameterName(other)];
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function capitals(encoded: string): string {
  return encoded.toUpperCase();
}
