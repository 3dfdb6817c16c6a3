import type { Headers } from '../exchange/headers.ts';
import type {
  Interaction,
  RecordedMessage,
  RecordedRequest,
  RecordedResponse,
} from '../exchange/interaction.ts';
import { redactSaid } from './stream.ts';

/** What stands in a cassette and in a log where a secret stood. */
export const redacted = '[FILTERED]';

/**
 * An interaction without the credentials in its headers (request, response, interim heads and both
 * trailers) and in what the client of a raw stream said. Pure and idempotent; what has no secret is
 * handed back as it is, not as a copy.
 */
export function redactInteraction(interaction: Interaction): Interaction {
  const { ending, response, kind, messages } = interaction;
  return {
    ...interaction,
    request: redactRequest(interaction.request),
    ...(response === undefined ? {} : { response: redactResponse(response) }),
    ...(messages === undefined
      ? {}
      : { messages: messages.map((message) => redactMessage(kind, message)) }),
    ending:
      ending.type === 'finished' ? { ...ending, trailers: redactHeaders(ending.trailers) } : ending,
  };
}

/** What a side said, without the credentials of a raw stream's client. */
export function redactMessage(
  kind: Interaction['kind'],
  message: RecordedMessage,
): RecordedMessage {
  if (kind !== 'stream' || message.from === 'server') return message;
  const bytes = redactSaid(message.bytes);
  return bytes === message.bytes ? message : { ...message, bytes };
}

/** Headers without credentials: names, order, case and cookie attributes stay, only secret values go. */
export function redactHeaders(headers: Headers): Headers {
  if (!headers.some(([name, value]) => redactValue(name, value) !== value)) return headers;
  return headers.map(([name, value]) => [name, redactValue(name, value)]);
}

/** A path for the log: each query value becomes `…`, because keys and tokens travel there; names stay. */
export function maskPath(path: string): string {
  const query = path.indexOf('?');
  if (query === -1) return path;
  return path.slice(0, query) + path.slice(query).replace(/=[^&]*/g, '=…');
}

function redactRequest(request: RecordedRequest): RecordedRequest {
  return {
    ...request,
    headers: redactHeaders(request.headers),
    ...(request.trailers === undefined ? {} : { trailers: redactHeaders(request.trailers) }),
  };
}

function redactResponse(response: RecordedResponse): RecordedResponse {
  const { informational } = response;
  if (informational === undefined) {
    return { ...response, headers: redactHeaders(response.headers) };
  }
  return {
    ...response,
    headers: redactHeaders(response.headers),
    informational: informational.map(({ atMs, head }) => ({
      atMs,
      head: { ...head, headers: redactHeaders(head.headers) },
    })),
  };
}

function redactValue(name: string, value: string): string {
  switch (name.toLowerCase()) {
    case 'authorization':
    case 'proxy-authorization':
    case 'x-api-key':
    case 'cookie':
      return redacted;
    case 'set-cookie':
      return redactSetCookie(value);
    default:
      return value;
  }
}

const cookieAttributes: ReadonlySet<string> = new Set([
  'expires',
  'max-age',
  'domain',
  'path',
  'secure',
  'httponly',
  'samesite',
  'partitioned',
  'priority',
]);

/** The cookie's name and attributes stay, so that a client takes the replayed cookie (RFC 6265, 5.2). */
function redactSetCookie(value: string): string {
  const [pair = '', ...attributes] = value.split(';');
  return [redactPair(pair), ...attributes.map(redactAttribute)].join(';');
}

function redactPair(pair: string): string {
  const equals = pair.indexOf('=');
  return equals === -1 ? redacted : `${pair.slice(0, equals + 1)}${redacted}`;
}

/** An attribute that nobody knows may be a second cookie, as may what follows a comma: both lose their value. */
function redactAttribute(attribute: string): string {
  const equals = attribute.indexOf('=');
  if (equals === -1) return attribute;
  const known = cookieAttributes.has(attribute.slice(0, equals).trim().toLowerCase());
  if (!known) return redactPair(attribute);
  return attribute.replace(/(,\s*[^=,\s]+)=.*/s, `$1=${redacted}`);
}
