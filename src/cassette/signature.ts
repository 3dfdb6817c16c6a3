import { createHash, hash } from 'node:crypto';
import type { Headers } from '../exchange/headers.ts';
import { headerValue } from '../exchange/headers.ts';
import type { Interaction } from '../exchange/interaction.ts';
import { multipartBoundary, withoutBoundary } from '../support/multipart.ts';
import type { Sought } from './cassette.ts';

/** The digest of a request recorded in part: any body matches it. */
export const anyBody = '*';

/** The digest of a request of which only its file is known: it has to be read for it. */
export const unreadBody = '?';

/** The digest of a body that comes in pieces. */
export interface Digesting {
  readonly update: (bytes: Buffer) => void;
  readonly digest: () => string;
}

/** Whether a body has boundaries, which do not count when it is compared. */
export function isMultipart(headers: Headers): boolean {
  return multipartBoundary(headerValue(headers, 'content-type')) !== undefined;
}

/** Takes the body of a request with these headers as it comes, and gives what `bodyDigest` gives of the whole. */
export function digestBody(headers: Headers): Digesting {
  const boundary = multipartBoundary(headerValue(headers, 'content-type'));
  const replacing = boundary === undefined ? undefined : withoutBoundary(boundary);
  const sum = createHash('sha256');
  let empty = true;
  return {
    update(bytes) {
      if (bytes.length > 0) empty = false;
      if (replacing === undefined) sum.update(bytes);
      else for (const piece of replacing.push(bytes)) sum.update(piece);
    },
    digest() {
      if (empty) return '';
      if (replacing !== undefined) sum.update(replacing.end());
      return sum.digest('hex');
    },
  };
}

/**
 * SHA-256 in hex of a request's body, or `''` where it is empty or absent: clients do not tell those
 * two apart. The boundary of a multipart body does not count, for most clients draw it anew each time.
 */
export function bodyDigest(body: Buffer | undefined, headers: Headers = []): string {
  if (body === undefined || body.length === 0) return '';
  if (!isMultipart(headers)) return hash('sha256', body, 'hex');
  const digesting = digestBody(headers);
  digesting.update(body);
  return digesting.digest();
}

/** The digest of a recorded request, without a look at its file where it lies in one and has boundaries. */
export function recordedDigest({ kind, request }: Pick<Interaction, 'kind' | 'request'>): string {
  if (request.partial === true) return anyBody;
  if (kind !== 'http') return '';
  const { stored, body, headers } = request;
  if (stored === undefined) return bodyDigest(body, headers);
  return isMultipart(headers) ? unreadBody : stored.sha256;
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
