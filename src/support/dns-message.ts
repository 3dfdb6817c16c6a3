import type { DecodedPacket } from 'dns-packet';
import { decode } from 'dns-packet';
import { typeCode, typeName } from './dns-packed.ts';
import { createDnsWriter } from './dns-writer.ts';

/** What a message asks for: exactly one name. */
export interface AskedName {
  /** Lower-case, without the last dot. */
  readonly name: string;
  /** Its mnemonic, or `TYPE4711` (RFC 3597, 5). */
  readonly type: string;
  /** Absent for the Internet's own. */
  readonly class?: string;
  /** Present where EDNS was spoken (RFC 6891): `dnssec` asked for signatures too (RFC 3225). */
  readonly edns?: 'plain' | 'dnssec';
}

/** Where a header ends, and the question begins. */
export const questionAt = 12;

/** Messages over UDP where nothing else was said (RFC 1035, 4.2.1), and at most, lest they go in fragments. */
const datagramBytes = { usual: 512, most: 4096 } as const;

/** What a message asks; nothing where it is no ordinary question (RFC 1035, 4.1), so that no answer is due. */
export function readQuestion(message: Buffer): AskedName | undefined {
  // Who asks brings no answers along; reading through thousands of them would take long.
  if (message.length < questionAt || message.readUInt16BE(4) !== 1) return undefined;
  if (message.readUInt32BE(6) !== 0 || message.readUInt16BE(10) > 4) return undefined;
  const packet = decodeMessage(message);
  const [question] = packet?.questions ?? [];
  if (packet?.type !== 'query' || packet.opcode !== 'QUERY' || question === undefined) {
    return undefined;
  }
  if (questionEnd(message) === undefined) return undefined;
  const name = question.name.toLowerCase().replace(/(?<=.)\.$/, '');
  const edns = ednsOf(packet);
  return {
    name,
    type: typeName(question.type),
    ...(question.class === undefined || question.class === 'IN' ? {} : { class: question.class }),
    ...(edns === undefined ? {} : { edns: edns.flag_do ? 'dnssec' : 'plain' }),
  };
}

/** Where the question of a message ends; nothing where its name is not written out. */
export function questionEnd(message: Buffer): number | undefined {
  let at = questionAt;
  for (let length = message[at]; length !== 0; length = message[at]) {
    if (length === undefined || length > 63) return undefined;
    at += length + 1;
  }
  return at + 5 > message.length ? undefined : at + 5;
}

/** Bytes that whoever asked takes in one datagram (RFC 6891, 6.2.3). */
export function datagramBytesMax(question: Buffer): number {
  const packet = decodeMessage(question);
  const size = (packet && ednsOf(packet)?.udpPayloadSize) ?? datagramBytes.usual;
  return Math.min(Math.max(size, datagramBytes.usual), datagramBytes.most);
}

/** Whether a message says that it is not whole. */
export function isTruncated(message: Buffer): boolean {
  return message.length > 2 && (message.readUInt8(2) & 0x02) !== 0;
}

/** The pseudo-record by which EDNS is spoken, where a message has one. */
export function ednsOf(packet: DecodedPacket): EdnsRecord | undefined {
  // The codec's published types know of four options, and of no data in them.
  return packet.additionals?.find(({ type }) => type === 'OPT') as EdnsRecord | undefined;
}

/** What the codec reads of it (RFC 6891, 6.1). */
export interface EdnsRecord {
  readonly type: 'OPT';
  readonly udpPayloadSize: number;
  readonly extendedRcode: number;
  readonly flag_do: boolean;
  readonly options: readonly { readonly code: number; readonly data: Buffer }[];
}

/** The id of a message, which its response repeats. */
export function messageId(message: Buffer): number {
  return message.length < 2 ? 0 : message.readUInt16BE(0);
}

/** The same message under another id. */
export function withMessageId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}

/** A message as it travels over TCP, its length before it (RFC 1035, 4.2.2). */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length, 0);
  return Buffer.concat([length, message]);
}

/** The first message of some bytes that came over TCP, and the bytes behind it; nothing while it is not whole. */
export function unframed(
  bytes: Buffer,
): { readonly message: Buffer; readonly rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const end = 2 + bytes.readUInt16BE(0);
  if (bytes.length < end) return undefined;
  return { message: bytes.subarray(2, end), rest: bytes.subarray(end) };
}

/** Reads a message; nothing where it is none, for whoever can reach a resolver can send it anything. */
export function decodeMessage(message: Buffer): DecodedWithCode | undefined {
  try {
    // The codec sets both; its published types leave them out.
    return decode(message) as DecodedWithCode;
  } catch {
    return undefined;
  }
}

/** A message as the codec reads it. */
export type DecodedWithCode = DecodedPacket & { readonly opcode: string; readonly flags: number };

/** A message that asks for a name. @throws Error where that is none */
export function nameQuestion({ name, type }: Pick<AskedName, 'name' | 'type'>): Buffer {
  const writer = createDnsWriter(Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
  writer.name(name, false);
  writer.uint16(typeCode(type));
  writer.uint16(1);
  return writer.message();
}
