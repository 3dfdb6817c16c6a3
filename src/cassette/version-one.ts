import { STATUS_CODES } from 'node:http';
import type { Ending } from '../exchange/conversation.ts';
import { finished } from '../exchange/conversation.ts';
import { type Headers, headerValue } from '../exchange/headers.ts';
import { mayHaveBody } from '../exchange/http.ts';
import type {
  Interaction,
  RecordedMessage,
  RecordedRequest,
  RecordedResponse,
} from '../exchange/interaction.ts';
import type { Fields } from './check.ts';
import { corrupt, fieldsOf, listOf, numberField, textField, wordField } from './check.ts';
import { contentCoding, isEncoded } from './coding.ts';
import type { Content } from './content.ts';
import { withConsistentLength } from './length.ts';
import { readUrl } from './url.ts';

/** The content of a cassette of version "1.0", tagged (`type`) or not. @throws Failure CASSETTE_CORRUPT */
export function readVersionOne(root: Fields, file: string): Content {
  const recordedAt = readTime(root['recorded_at']) ?? '1970-01-01T00:00:00.000Z';
  return {
    name: typeof root['name'] === 'string' ? root['name'] : '',
    recordedAt,
    interactions: listOf(root['interactions'], `${file}: interactions`).map((one, sequence) => {
      const where = `${file}: interactions[${sequence}]`;
      const fields = fieldsOf(one, where);
      return {
        id: `v1-${sequence + 1}`,
        startedAt: readTime(fields['recorded_at']) ?? recordedAt,
        sequence,
        ...readInteraction(fields, where),
      };
    }),
  };
}

type Rest = Omit<Interaction, 'id' | 'startedAt' | 'sequence'>;

function readInteraction(fields: Fields, where: string): Rest {
  switch (typeOf(fields)) {
    case 'Http':
      return readHttp(fields, where);
    case 'HttpError':
      return readError(fields, where);
    case 'WebSocket':
      return readWebSocket(fields, where);
    default:
      throw corrupt(`${where}.type`, 'is none of Http, HttpError, WebSocket');
  }
}

function typeOf(fields: Fields): unknown {
  if (fields['type'] !== undefined) return fields['type'];
  if (fields['messages'] !== undefined) return 'WebSocket';
  return fields['error'] === undefined ? 'Http' : 'HttpError';
}

function readHttp(fields: Fields, where: string): Rest {
  const request = readRequest(fields, where);
  const here = `${where}.response`;
  const response = readResponse(fieldsOf(fields['response'], here), here);
  const ms = optionalNumber(fields, 'response_time_ms', where) ?? 0;
  return {
    kind: 'http',
    request,
    response: withConsistentLength(response, request.method, finished),
    timing: { headMs: ms, endMs: ms },
    ending: finished,
  };
}

function readError(fields: Fields, where: string): Rest {
  const here = `${where}.error`;
  const error = fieldsOf(fields['error'], here);
  const endMs = optionalNumber(error, 'timeout_ms', here) ?? 0;
  return {
    kind: 'http',
    request: readRequest(fields, where),
    timing: { endMs },
    ending: errorEnding(error, here),
  };
}

function errorEnding(error: Fields, where: string): Ending {
  const type = textField(error, 'error_type', where);
  switch (type) {
    case 'DnsResolutionFailed':
      return { type: 'dns', code: 'ENOTFOUND' };
    case 'ConnectionRefused':
      return { type: 'refused' };
    case 'Timeout':
      return { type: 'timedOut' };
    case 'TlsError': {
      const reason = typeof error['message'] === 'string' ? error['message'] : '';
      return { type: 'tls', code: 'UNKNOWN', reason };
    }
    case 'ConnectionReset':
      return { type: 'reset', by: 'server' };
    default:
      // TooManyRedirects, Other: no ending of a connection, but no answer either.
      return { type: 'cut', by: 'server' };
  }
}

function readRequest(interaction: Fields, above: string): RecordedRequest {
  const where = `${above}.request`;
  const fields = fieldsOf(interaction['request'], where);
  return {
    method: textField(fields, 'method', where),
    ...readTarget(fields, where),
    httpVersion: '1.1',
    headers: readHeaders(fields['headers'], `${where}.headers`),
    ...readBody(fields['body'], `${where}.body`),
  };
}

function readTarget(fields: Fields, where: string): Pick<RecordedRequest, 'destination' | 'path'> {
  const target = readUrl(textField(fields, 'url', where).replace(/#.*$/s, ''));
  if (target === undefined) throw corrupt(`${where}.url`, 'is no http, https, ws or wss URL');
  return { destination: target.destination, path: target.path === '' ? '/' : target.path };
}

function readResponse(fields: Fields, where: string): RecordedResponse {
  const status = numberField(fields, 'status', where);
  const { body } = readBody(fields['body'], `${where}.body`);
  const headers = decodedHeaders(readHeaders(fields['headers'], `${where}.headers`), body);
  return {
    status,
    statusText: STATUS_CODES[status] ?? '',
    httpVersion: '1.1',
    headers: mayHaveBody('GET', status) ? framedHeaders(headers, body) : headers,
    ...(body === undefined ? {} : { body }),
  };
}

/** A body may have been decoded before it was written, and its header kept. */
function decodedHeaders(headers: Headers, body: Buffer | undefined): Headers {
  const coding = contentCoding(headers);
  if (coding === undefined || body === undefined || body.length === 0) return headers;
  return isEncoded(coding, body) ? headers : without(headers, 'content-encoding');
}

/** A body was put together from its chunks before it was written, and its header kept. */
function framedHeaders(headers: Headers, body: Buffer | undefined): Headers {
  const kept = without(headers, 'transfer-encoding');
  const framed =
    kept.length === headers.length || headerValue(kept, 'content-length') !== undefined;
  return framed ? kept : [...kept, ['content-length', String(body?.length ?? 0)]];
}

function without(headers: Headers, name: string): Headers {
  return headers.filter(([own]) => own.toLowerCase() !== name);
}

function readHeaders(value: unknown, where: string): Headers {
  if (value === undefined || value === null) return [];
  return Object.entries(fieldsOf(value, where)).flatMap(([name, values]) =>
    (Array.isArray(values) ? values : [values]).map((one: unknown): readonly [string, string] => {
      if (typeof one !== 'string') throw corrupt(`${where}.${name}`, 'is no text');
      return [name, one];
    }),
  );
}

function readBody(value: unknown, where: string): { readonly body?: Buffer } {
  if (value === undefined || value === null) return {};
  return { body: readBytes(value, where) };
}

/** A text, or a list of byte values. */
function readBytes(value: unknown, where: string): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  if (Buffer.isBuffer(value)) return value;
  const bytes = listOf(value, where);
  if (!bytes.every(isByte)) throw corrupt(where, 'has an entry that is no byte');
  return Buffer.from(bytes);
}

function isByte(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255;
}

function readWebSocket(fields: Fields, where: string): Rest {
  const messages = listOf(fields['messages'], `${where}.messages`).map((one, index) =>
    readMessage(fieldsOf(one, `${where}.messages[${index}]`), `${where}.messages[${index}]`),
  );
  return {
    kind: 'websocket',
    request: { method: 'GET', ...readTarget(fields, where), httpVersion: '1.1', headers: [] },
    response: { status: 101, statusText: 'Switching Protocols', httpVersion: '1.1', headers: [] },
    messages,
    timing: { headMs: 0, endMs: messages.at(-1)?.atMs ?? 0 },
    ending: readClose(fields['close_frame'], `${where}.close_frame`),
  };
}

const messageKinds = { Text: 'text', Binary: 'binary', Ping: 'ping', Pong: 'pong' } as const;

function readMessage(fields: Fields, where: string): RecordedMessage {
  const from = wordField(fields, 'direction', { words: ['Sent', 'Received'], where });
  const words = ['Text', 'Binary', 'Ping', 'Pong'] as const;
  return {
    from: from === 'Sent' ? 'client' : 'server',
    atMs: numberField(fields, 'timestamp_ms', where),
    kind: messageKinds[wordField(fields, 'msg_type', { words, where })],
    bytes: readBytes(fields['data'] ?? '', `${where}.data`),
  };
}

/** A session whose end nobody wrote down is taken to have ended in order: a replay that hung up would break its client. */
function readClose(value: unknown, where: string): Ending {
  if (value === undefined || value === null) {
    return { type: 'closed', by: 'server', code: 1000, reason: '' };
  }
  const frame = fieldsOf(value, where);
  const reason = typeof frame['reason'] === 'string' ? frame['reason'] : '';
  return { type: 'closed', by: 'server', code: numberField(frame, 'code', where), reason };
}

function optionalNumber(fields: Fields, name: string, where: string): number | undefined {
  return fields[name] === undefined || fields[name] === null
    ? undefined
    : numberField(fields, name, where);
}

/** A time in our own spelling, so that a cassette that is written anew has but one. */
function readTime(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
