import { Packr, Unpackr } from 'msgpackr';
import type { Interaction } from '../exchange/interaction.ts';
import { corrupt } from './check.ts';
import { msgpackFault } from './msgpack-fault.ts';
import type { Spelling } from './tree.ts';
import { toTree } from './tree.ts';
import { type ContentHead, versionWords } from './version.ts';

// Plain MessagePack: no records, no extension types, so that any language reads it.
const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number' });

/** Bytes as MessagePack holds them: as they are. */
export const binarySpelling: Spelling = {
  writeBody: (body) => body,
  readBody: bytesOf,
  writeMessage: ({ bytes }) => ({ bytes }),
  readMessage: (fields, where) => bytesOf(fields['bytes'], `${where}.bytes`),
};

/** A value as MessagePack. */
export function pack(value: unknown): Buffer {
  return packr.pack(value);
}

/** The value of some MessagePack, its byte strings views of the bytes given. @throws Failure CASSETTE_CORRUPT, with the offset */
export function unpack(bytes: Buffer, where: string): unknown {
  const fault = msgpackFault(bytes);
  if (fault !== undefined) throw corrupt(where, `is no MessagePack at byte ${fault}`);
  try {
    const value: unknown = unpackr.unpack(bytes);
    return value;
  } catch (error) {
    throw corrupt(where, 'is no MessagePack that can be read', error);
  }
}

/** A cassette as MessagePack, piece by piece: a map of four, its last member the list of interactions. */
export async function* msgpackPieces(
  { name, recordedAt, newer }: ContentHead,
  interactions: AsyncIterable<Interaction>,
  count: number,
): AsyncGenerator<Buffer> {
  yield Buffer.from([0x84]);
  const head = ['version', versionWords(newer), 'name', name, 'recordedAt', recordedAt];
  for (const value of [...head, 'interactions']) yield pack(value);
  const list = Buffer.from([0xdd, 0, 0, 0, 0]);
  list.writeUInt32BE(count, 1);
  yield list;
  for await (const interaction of interactions) yield pack(toTree(interaction, binarySpelling));
}

function bytesOf(value: unknown, where: string): Buffer {
  if (!Buffer.isBuffer(value)) throw corrupt(where, 'is no byte string');
  return value;
}
