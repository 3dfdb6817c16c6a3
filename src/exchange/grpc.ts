import type { Failure, FailureCode } from './failure.ts';
import { failureLine } from './failure.ts';
import type { Headers } from './headers.ts';
import { headerValue } from './headers.ts';

/** Whether a message with these headers is one of gRPC over HTTP/2, whatever its codec; gRPC-Web is not. */
export function isGrpc(headers: Headers): boolean {
  return /^application\/grpc(?:\+|$)/.test(mediaType(headers));
}

/** How a message with these headers speaks gRPC-Web, where it does: bytes as they are, or base64. */
export function grpcWebKind(headers: Headers): 'binary' | 'text' | undefined {
  const type = mediaType(headers);
  if (/^application\/grpc-web-text(?:\+|$)/.test(type)) return 'text';
  return /^application\/grpc-web(?:\+|$)/.test(type) ? 'binary' : undefined;
}

/** Whether a head is an answer without messages: gRPC calls it Trailers-Only, for its status stands in the head. */
export function isTrailersOnly(headers: Headers): boolean {
  return headerValue(headers, 'grpc-status') !== undefined;
}

/** The trailing metadata that tells a gRPC client of a failure. */
export function grpcTrailers(failure: Failure): Headers {
  return [
    ['grpc-status', String(grpcStatus(failure.code))],
    ['grpc-message', percentEncoded(failureLine(failure).slice(0, messageCharactersMax))],
    ['x-magneto-failure', failure.code],
  ];
}

/**
 * FAILED_PRECONDITION for what no second try would mend: it is the one status that clients neither
 * try again nor take for "use an older method instead", as they do UNIMPLEMENTED. UNAVAILABLE for
 * servers that cannot be reached, as gRPC has it itself. INTERNAL for the rest.
 */
export function grpcStatus(code: FailureCode): number {
  if (missed.has(code)) return 9;
  return code.startsWith('UPSTREAM_') || code === 'BREAKER_OPEN' ? 14 : 13;
}

const missed: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'NO_MATCHING_INTERACTION',
  'SEQUENCE_MISMATCH',
  'CASSETTE_NOT_FOUND',
  'UNRECORDED_STREAM',
  'DESTINATION_IS_PROXY',
]);

/** Metadata is limited to some kilobytes by clients, and each character can become nine. */
const messageCharactersMax = 600;

/** Text as `grpc-message` carries it: printable ASCII but `%`, the rest as bytes in hexadecimal. */
function percentEncoded(text: string): string {
  return text.toWellFormed().replace(/[^ -$&-~]+/g, encodeBytes);
}

function encodeBytes(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(
    '',
  );
}

function mediaType(headers: Headers): string {
  const value = headerValue(headers, 'content-type') ?? '';
  return value.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
