import type {
  Chunk,
  Interaction,
  MessageKind,
  RecordedMessage,
  RecordedResponse,
} from '../exchange/interaction.ts';
import { messageKinds, truncations } from '../exchange/interaction.ts';
import type { Fields } from './check.ts';
import { corrupt, fieldsOf, listOf, numberField, wordField } from './check.ts';
import type { Spelling } from './tree.ts';

/** What both sides said, as plain objects. */
export function messagesTree(
  messages: readonly RecordedMessage[],
  spelling: Pick<Spelling, 'writeMessage'>,
): readonly Fields[] {
  return messages.map((message) => {
    const { from, atMs, kind, compressed } = message;
    return {
      from,
      atMs,
      kind,
      ...(compressed === undefined ? {} : { compressed }),
      ...(kind === 'end' ? {} : spelling.writeMessage(message)),
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
    };
  });
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
