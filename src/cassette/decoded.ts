import { isDeepStrictEqual } from 'node:util';
import type { Side } from '../exchange/conversation.ts';
import { headerValue } from '../exchange/headers.ts';
import type { Interaction, RecordedMessage } from '../exchange/interaction.ts';
import { plainMessage } from '../support/grpc-content.ts';
import { wireForm } from '../support/protobuf-wire.ts';
import { errorWords } from '../support/system-error.ts';
import type { Fields } from './check.ts';
import { corrupt } from './check.ts';

/** What messages of gRPC calls say, where somebody has their descriptors. */
export interface MessageTypes {
  /** The type of what a side says in a method (`/package.Service/Method`). */
  readonly typeOf: (
    path: string,
    side: Side,
  ) =>
    | {
        readonly name: string;
        /** Plain objects; nothing where the bytes are no such message. */
        readonly decode: (message: Buffer) => unknown;
        /** @throws Error where the value is no such message */
        readonly encode: (value: unknown) => Buffer;
      }
    | undefined;
}

/** Larger messages are not shown a second time. */
const shownBytesMax = 64 * 1024;

/**
 * The tree of a gRPC call with what its messages say beside their bytes: `decoded` by the names of
 * their type; without one `fields`, by number, which is only to look at.
 */
export function withDecoded(
  tree: Fields,
  { kind, request, response, messages = [] }: Interaction,
  types: MessageTypes | undefined,
): Fields {
  if (kind !== 'grpc' || !Array.isArray(tree['messages'])) return tree;
  const trees: readonly Fields[] = tree['messages'];
  const shown = trees.map((fields, place): Fields => {
    const message = messages[place];
    if (message?.kind !== 'message' || fields['base64'] === undefined) return fields;
    const headers = (message.from === 'client' ? request.headers : response?.headers) ?? [];
    const encoding = headerValue(headers, 'grpc-encoding');
    const plain = plainMessage(message, { encoding, bytesMax: shownBytesMax });
    if (plain.length > shownBytesMax || (message.compressed && plain === message.bytes)) {
      return fields;
    }
    return { ...fields, ...shownAs({ message, path: request.path, plain }, types) };
  });
  return { ...tree, messages: shown };
}

interface Shown {
  readonly message: RecordedMessage;
  readonly path: string;
  readonly plain: Buffer;
}

function shownAs({ message, path, plain }: Shown, types: MessageTypes | undefined): Fields {
  const type = types?.typeOf(path, message.from);
  const decoded = type?.decode(plain);
  if (type !== undefined && decoded !== undefined) return { type: type.name, decoded };
  const fields = wireForm(plain);
  return fields === undefined ? {} : { fields };
}

/** What edits by hand are read with. */
export interface Editing {
  readonly where: string;
  readonly types: MessageTypes | undefined;
  /** Takes a line for people. */
  readonly warn: (line: string) => void;
}

/**
 * A call whose messages were edited by hand in their decoded form: it counts where its type is known
 * and the bytes say something else; the message is then encoded anew, without compression.
 * @throws Failure CASSETTE_CORRUPT where what was edited is no such message
 */
export function withEdits(interaction: Interaction, tree: Fields, editing: Editing): Interaction {
  const { kind, request, response, messages } = interaction;
  const trees: unknown = tree['messages'];
  if (kind !== 'grpc' || editing.types === undefined) return interaction;
  if (messages === undefined || !Array.isArray(trees)) return interaction;
  const edited = messages.map((message, place): RecordedMessage => {
    const headers = (message.from === 'client' ? request.headers : response?.headers) ?? [];
    const encoding = headerValue(headers, 'grpc-encoding');
    const plain = plainMessage(message, { encoding, bytesMax: shownBytesMax });
    const fields = trees[place] as Fields;
    const where = `${editing.where}.messages[${place}].decoded`;
    return edit({ message, path: request.path, plain }, fields['decoded'], { ...editing, where });
  });
  return { ...interaction, messages: edited };
}

function edit(
  { message, path, plain }: Shown,
  decoded: unknown,
  { where, types, warn }: Editing,
): RecordedMessage {
  const type = decoded === undefined ? undefined : types?.typeOf(path, message.from);
  if (type === undefined || isDeepStrictEqual(type.decode(plain), decoded)) return message;
  try {
    const bytes = type.encode(decoded);
    warn(`${where}: edited by hand; it counts, and is encoded anew`);
    const { from, atMs, kind } = message;
    return { from, atMs, kind, bytes };
  } catch (error) {
    throw corrupt(where, `is no ${type.name}: ${errorWords(error)}`, error);
  }
}
