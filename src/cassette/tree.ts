import type { ResponseHead } from '../exchange/http.ts';
import type {
  Interaction,
  RecordedMessage,
  RecordedRequest,
  RecordedResponse,
} from '../exchange/interaction.ts';
import { interactionKinds } from '../exchange/interaction.ts';
import type { Headers } from '../exchange/headers.ts';
import type { Fields } from './check.ts';
import {
  corrupt,
  fieldsOf,
  headersField,
  listOf,
  numberField,
  textField,
  wordField,
} from './check.ts';
import { endingTree, readEnding } from './tree-ending.ts';
import { bodyTree, type OpenStored, readBody } from './tree-body.ts';
import {
  chunksTree,
  messagesTree,
  readCaller,
  readChunks,
  readMessages,
  readTruncated,
} from './tree-parts.ts';
import { lookupTree, readLookup } from './lookup.ts';
import { withConsistentLength } from './length.ts';
import { readUrl, urlSchemes, writeUrl } from './url.ts';

/** How bytes are spelt: the only thing in which JSON and MessagePack differ. */
export interface Spelling {
  /** A body; `headers` are those of its message. */
  writeBody(body: Buffer, message: { headers: Headers; from: 'client' | 'server' }): unknown;
  readBody(value: unknown, where: string): Buffer;
  /** The fields of a WebSocket message that hold its bytes. */
  writeMessage(message: RecordedMessage): Fields;
  readMessage(fields: Fields, where: string): Buffer;
}

/** An interaction as plain objects, in the order of the format; its place in the list is its sequence. */
export function toTree(interaction: Interaction, spelling: Spelling): Fields {
  const { response, messages, ending, lookup, alpn, truncated } = interaction;
  return {
    id: interaction.id,
    kind: interaction.kind,
    startedAt: interaction.startedAt,
    ...(lookup === undefined
      ? { request: requestTree(interaction, spelling) }
      : lookupTree(lookup)),
    ...(response === undefined ? {} : { response: responseTree(response, spelling) }),
    ...(messages === undefined ? {} : { messages: messagesTree(messages, spelling) }),
    timing: interaction.timing,
    ending: endingTree(ending),
    ...(alpn === undefined ? {} : { alpn }),
    ...(truncated === undefined ? {} : { truncated }),
  };
}

/** What an interaction is read with: where it stands (file and place), its number, the spelling. */
export interface Reading {
  readonly where: string;
  readonly sequence: number;
  readonly spelling: Spelling;
  readonly stored: OpenStored;
  /** Whether bodies that are not in the tree may come from elsewhere (no). */
  readonly bodiesFollow?: boolean;
}

/** The interaction of plain objects. @throws Failure CASSETTE_CORRUPT, naming the field */
export function fromTree(tree: unknown, reading: Reading): Interaction {
  const { where, sequence, spelling } = reading;
  const fields = fieldsOf(tree, where);
  const kind = wordField(fields, 'kind', { words: interactionKinds, where });
  const asked =
    kind === 'dns' ? readLookup(fields, where) : { request: readRequest(fields, kind, reading) };
  const ending = readEnding(fieldsOf(fields['ending'], `${where}.ending`), `${where}.ending`);
  const response = readResponse(fields, reading);
  const messages = readMessages(fields, where, spelling);
  return {
    id: textField(fields, 'id', where),
    kind,
    startedAt: textField(fields, 'startedAt', where),
    sequence,
    ...asked,
    ...(response === undefined
      ? {}
      : {
          response:
            reading.bodiesFollow === true
              ? response
              : withConsistentLength(response, asked.request.method, ending),
        }),
    ...(messages === undefined ? {} : { messages }),
    timing: readTiming(fieldsOf(fields['timing'], `${where}.timing`), `${where}.timing`),
    ending,
    ...(fields['alpn'] === undefined ? {} : { alpn: textField(fields, 'alpn', where) }),
    ...readTruncated(fields, where),
  };
}

function requestTree(interaction: Interaction, spelling: Spelling): Fields {
  const { method, httpVersion, headers, trailers, partial, caller } = interaction.request;
  // Of a raw stream no more is known than where it went.
  if (interaction.kind === 'stream') return { ...writeUrl(interaction) };
  return {
    method,
    ...writeUrl(interaction),
    httpVersion,
    headers,
    ...bodyTree(interaction.request, 'client', spelling),
    ...(trailers === undefined ? {} : { trailers }),
    ...(partial === undefined ? {} : { partial }),
    ...(caller === undefined ? {} : { caller }),
  };
}

function responseTree(response: RecordedResponse, spelling: Spelling): Fields {
  const { status, statusText, httpVersion, headers, chunks, informational } = response;
  return {
    status,
    statusText,
    httpVersion,
    headers,
    ...bodyTree(response, 'server', spelling),
    ...(chunks === undefined ? {} : { chunks: chunksTree(chunks) }),
    ...(informational === undefined
      ? {}
      : { informational: informational.map(({ atMs, head }) => ({ atMs, ...headTree(head) })) }),
  };
}

function headTree({ status, statusText, httpVersion, headers }: ResponseHead): Fields {
  return { status, statusText, httpVersion, headers };
}

function readRequest(
  interaction: Fields,
  kind: Interaction['kind'],
  reading: Reading,
): RecordedRequest {
  const where = `${reading.where}.request`;
  const fields = fieldsOf(interaction['request'], where);
  const url = readUrl(textField(fields, 'url', where));
  if (url === undefined) throw corrupt(`${where}.url`, `is no URL of ${urlSchemes}`);
  if (kind === 'stream') return { ...streamRequest, destination: url.destination };
  const written = fields['path'] === undefined ? url.path : textField(fields, 'path', where);
  const bare = written === '' && fields['path'] === undefined && kind !== 'connect';
  return {
    method: textField(fields, 'method', where),
    destination: url.destination,
    path: bare ? '/' : written,
    httpVersion: textField(fields, 'httpVersion', where),
    headers: headersField(fields, 'headers', where),
    ...readBody(fields, 'client', { ...reading, where }),
    ...(fields['trailers'] === undefined
      ? {}
      : { trailers: headersField(fields, 'trailers', where) }),
    ...(fields['partial'] === undefined ? {} : { partial: fields['partial'] === true }),
    ...readCaller(fields, where),
  };
}

const streamRequest = { method: '', path: '', httpVersion: '', headers: [] } as const;

function readResponse(interaction: Fields, reading: Reading): RecordedResponse | undefined {
  if (interaction['response'] === undefined) return undefined;
  const where = `${reading.where}.response`;
  const fields = fieldsOf(interaction['response'], where);
  const interim = fields['informational'];
  return {
    ...readHead(fields, where),
    ...readBody(fields, 'server', { ...reading, where }),
    ...readChunks(fields, where),
    ...(interim === undefined
      ? {}
      : {
          informational: listOf(interim, `${where}.informational`).map((one, index) => {
            const here = `${where}.informational[${index}]`;
            const head = fieldsOf(one, here);
            return { atMs: numberField(head, 'atMs', here), head: readHead(head, here) };
          }),
        }),
  };
}

function readHead(fields: Fields, where: string): ResponseHead {
  return {
    status: numberField(fields, 'status', where),
    statusText: textField(fields, 'statusText', where),
    httpVersion: textField(fields, 'httpVersion', where),
    headers: headersField(fields, 'headers', where),
  };
}

function readTiming(fields: Fields, where: string): Interaction['timing'] {
  return {
    ...(fields['startMs'] === undefined ? {} : { startMs: numberField(fields, 'startMs', where) }),
    ...(fields['headMs'] === undefined ? {} : { headMs: numberField(fields, 'headMs', where) }),
    endMs: numberField(fields, 'endMs', where),
  };
}
