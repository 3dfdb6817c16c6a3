import type {
  Chunk,
  Interaction,
  MessageKind,
  MessageMatch,
  RecordedMessage,
  RecordedRequest,
  RecordedResponse,
} from '../exchange/interaction.ts';
import { messageKinds, truncations } from '../exchange/interaction.ts';
import type { Fields } from './check.ts';
import { createPattern } from '../support/pattern.ts';
import { parseJsonPath } from '../support/json-path.ts';
import { corrupt, fieldsOf, listOf, numberField, textField, wordField } from './check.ts';
import type { Spelling } from './tree.ts';

/** What both sides said, as plain objects. */
export function messagesTree(
  messages: readonly RecordedMessage[],
  spelling: Pick<Spelling, 'writeMessage'>,
): readonly Fields[] {
  return messages.map((message) => {
    const { from, atMs, kind, compressed, match, optional } = message;
    return {
      from,
      atMs,
      kind,
      ...(compressed === undefined ? {} : { compressed }),
      ...(kind === 'end' ? {} : spelling.writeMessage(message)),
      ...(match === undefined ? {} : { match }),
      ...(optional === undefined ? {} : { optional }),
    };
  });
}

/** The messages of plain objects. @throws Failure CASSETTE_CORRUPT, naming the field */
export function readMessages(
  interaction: Fields,
  above: string,
  spelling: Pick<Spelling, 'readMessage'>,
): readonly RecordedMessage[] | undefined {
  if (interaction['messages'] === undefined) return undefined;
  return listOf(interaction['messages'], `${above}.messages`).map((one, index) => {
    const where = `${above}.messages[${index}]`;
    const fields = fieldsOf(one, where);
    const from = wordField(fields, 'from', { words: ['client', 'server'], where });
    const kind: MessageKind = wordField(fields, 'kind', { words: messageKinds, where });
    return {
      from,
      atMs: numberField(fields, 'atMs', where),
      kind,
      bytes: kind === 'end' ? Buffer.alloc(0) : spelling.readMessage(fields, where),
      ...(fields['compressed'] === undefined ? {} : { compressed: fields['compressed'] === true }),
      ...readMatch(fields, where),
      ...(fields['optional'] === undefined ? {} : { optional: fields['optional'] === true }),
    };
  });
}

/** By what a message is compared; expressions and paths are read here, so that a mistake is told at the start. */
function readMatch(message: Fields, above: string): { readonly match?: MessageMatch } {
  const written = message['match'];
  if (written === undefined) return {};
  if (written === 'any') return { match: 'any' };
  const where = `${above}.match`;
  const fields = fieldsOf(written, where);
  const known = Object.keys(fields).filter((name) => ['regex', 'json', 'ignore'].includes(name));
  if (known.length === 0 || (known.length > 1 && known.includes('regex'))) {
    throw corrupt(where, 'is none of "any", {"regex": …} and {"json": …, "ignore": […]}');
  }
  if (known.includes('regex')) {
    return { match: { regex: readable(textField(fields, 'regex', where), createPattern, where) } };
  }
  if ('json' in fields && (typeof fields['json'] !== 'object' || fields['json'] === null)) {
    throw corrupt(`${where}.json`, 'is neither an object nor a list');
  }
  const ignore = listOf(fields['ignore'] ?? [], `${where}.ignore`).map((path) =>
    readable(typeof path === 'string' ? path : '', parseJsonPath, `${where}.ignore`),
  );
  return {
    match: {
      ...('json' in fields ? { json: fields['json'] } : {}),
      ...('ignore' in fields ? { ignore } : {}),
    },
  };
}

function readable(text: string, read: (text: string) => unknown, where: string): string {
  try {
    read(text);
    return text;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw corrupt(where, `has ${JSON.stringify(text)}: ${error.message}`, error);
  }
}

/** The pieces of a body, each as `[atMs, bytes]`. */
export function chunksTree(chunks: readonly Chunk[]): readonly (readonly [number, number])[] {
  return chunks.map(({ atMs, bytes }) => [atMs, bytes]);
}

/** The pieces of a body. @throws Failure CASSETTE_CORRUPT, naming the field */
export function readChunks(response: Fields, above: string): Pick<RecordedResponse, 'chunks'> {
  if (response['chunks'] === undefined) return {};
  const where = `${above}.chunks`;
  const chunks = listOf(response['chunks'], where).map((one): Chunk => {
    const [atMs, bytes, ...more] = listOf(one, where);
    if (typeof atMs !== 'number' || typeof bytes !== 'number' || more.length > 0) {
      throw corrupt(where, 'has an entry that is no [atMs, bytes] pair');
    }
    return { atMs, bytes };
  });
  return { chunks };
}

/** Why a recording stopped early, where it did. @throws Failure CASSETTE_CORRUPT, naming the field */
export function readTruncated(interaction: Fields, where: string): Pick<Interaction, 'truncated'> {
  if (interaction['truncated'] === undefined) return {};
  return { truncated: wordField(interaction, 'truncated', { words: truncations, where }) };
}

/** What tells callers of one URL apart. @throws Failure CASSETTE_CORRUPT, naming the field */
export function readCaller(request: Fields, above: string): Pick<RecordedRequest, 'caller'> {
  if (request['caller'] === undefined) return {};
  const where = `${above}.caller`;
  const fields = fieldsOf(request['caller'], where);
  const names = Object.keys(fields);
  return {
    caller: Object.fromEntries(names.map((name) => [name, textField(fields, name, where)])),
  };
}
