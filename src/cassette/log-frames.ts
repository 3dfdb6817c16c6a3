import { crc32 } from 'node:zlib';
import type { Interaction } from '../exchange/interaction.ts';
import type { Said } from './assemble.ts';
import type { Fields } from './check.ts';
import { binarySpelling, pack } from './msgpack.ts';
import { toTree } from './tree.ts';

/** The first bytes of a write-ahead log: a magic word and the version of the framing. */
export const logHeader: Buffer = Buffer.from('magneto\u0001', 'latin1');

/** Bytes before the payload of a frame: its length and its checksum. */
export const frameHeadBytes = 8;

/** The record that opens a take, or goes on with one. */
export interface Begin {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Whether the take adds to the cassette, or replaces it. */
  readonly adds: boolean;
  /** SHA-256 in hex of the cassette that the take adds to; `''` where there was none. */
  readonly base: string;
}

/** The frame of a record that begins or goes on with a take. */
export function beginFrame(begin: Begin): readonly Buffer[] {
  return frame({ record: 'begin', version: '2.1', ...begin });
}

/**
 * The frame of an interaction that has ended. One of a draft has what was said in it, and is not
 * in the frame, in the frames of that draft.
 */
export function interactionFrame(interaction: Interaction, draft?: number): readonly Buffer[] {
  return frame({
    record: 'interaction',
    sequence: interaction.sequence,
    ...(draft === undefined ? {} : { draft }),
    interaction: toTree(interaction, binarySpelling),
  });
}

/** The frame of an interaction that is going on, as it would be if it were to end now; the last one counts. */
export function draftFrame(draft: number, interaction: Interaction): readonly Buffer[] {
  const { sequence } = interaction;
  const tree = toTree(interaction, binarySpelling);
  return frame({ record: 'draft', draft, sequence, interaction: tree });
}

/** The frame of what was said in an interaction that is going on. */
export function saidFrame(draft: number, said: readonly Said[]): readonly Buffer[] {
  return frame({ record: 'said', draft, messages: said.map(saidTree) });
}

/** The frame that says in which file the body of a side stands from its first byte. */
export function fileFrame(
  draft: number,
  { from, file }: { readonly from: Said['from']; readonly file: string },
): readonly Buffer[] {
  return frame({ record: 'file', draft, from, file });
}

/** The frame that says that a take was ended in order. */
export function endFrame(interactions: number): readonly Buffer[] {
  return frame({ record: 'end', interactions });
}

/** The checksum of a frame; it covers the length, so that zeros are no frame. */
export function checksum(head: Buffer, payload: Buffer): number {
  return crc32(payload, crc32(head.subarray(0, 4)));
}

/** Length and checksum of a payload, and the payload. */
function frame(record: Fields): readonly Buffer[] {
  const payload = pack(record);
  const head = Buffer.allocUnsafe(frameHeadBytes);
  head.writeUInt32BE(payload.length, 0);
  head.writeUInt32BE(checksum(head, payload), 4);
  return [head, payload];
}

function saidTree({ from, atMs, kind, compressed, bytes, length }: Said): Fields {
  return {
    from,
    atMs,
    kind,
    ...(compressed === undefined ? {} : { compressed }),
    ...(bytes.length === length ? { bytes } : { length }),
  };
}
