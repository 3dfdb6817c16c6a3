import { isIPv4, isIPv6 } from 'node:net';
import type { Answer } from 'dns-packet';
import { decode, encode } from 'dns-packet';

/** Where the data of a single record stands that belongs to the root: behind two heads and a length. */
const dataAt = 12 + 11;

/** The bytes of a record's data as the codec packs them, without pointers. @throws Error where it cannot */
export function packedData(type: string, data: unknown): Buffer {
  if (type === 'A' && !isIPv4(String(data))) throw new RangeError('is no IPv4 address');
  if (type === 'AAAA' && !isIPv6(String(data))) throw new RangeError('is no IPv6 address');
  const answer = { name: '.', type: packetType(type), ttl: 0, data } as Answer;
  return encode({ type: 'response', answers: [answer] }).subarray(dataAt);
}

/** What the codec reads in such bytes. @throws Error where it cannot */
export function unpackedData(type: string, bytes: Buffer): unknown {
  const message = encode({
    type: 'response',
    answers: [{ name: '.', type: 'NULL', ttl: 0, data: bytes }],
  });
  message.writeUInt16BE(typeCode(type), 12 + 1);
  const [answer] = decode(message).answers ?? [];
  return answer !== undefined && 'data' in answer ? answer.data : undefined;
}

/** Types that the codec does not know by name, and we do. */
const named: Readonly<Record<string, string>> = { UNKNOWN_64: 'SVCB', UNKNOWN_65: 'HTTPS' };

/** A type as it is spelt here: its mnemonic, or `TYPE4711` (RFC 3597, 5); also where the codec spelt it. */
export function typeName(type: string): string {
  return named[type] ?? type.replace(/^UNKNOWN_(?=\d+$)/, 'TYPE');
}

/** A type as the codec spells it. */
export function packetType(type: string): string {
  const known = Object.keys(named).find((key) => named[key] === type);
  return known ?? type.replace(/^TYPE(?=\d+$)/, 'UNKNOWN_');
}

const typeCodes = new Map<string, number>();

/** The number of a type; 0 where nobody knows it. */
export function typeCode(type: string): number {
  const known = typeCodes.get(type);
  if (known !== undefined) return known;
  const question = { type: packetType(type), name: '.' } as { type: 'A'; name: string };
  const code = encode({ type: 'query', questions: [question] }).readUInt16BE(12 + 1);
  // Those that nobody knows are without number.
  if (code !== 0) typeCodes.set(type, code);
  return code;
}
