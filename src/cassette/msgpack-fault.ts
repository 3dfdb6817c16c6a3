/**
 * Where bytes stop being exactly one MessagePack value of the kinds that cassettes hold (no
 * extension types), as an offset; nothing where they are one. Reads no value, so no length that a
 * broken file claims can make it allocate anything.
 */
export function msgpackFault(bytes: Buffer): number | undefined {
  let at = 0;
  for (let values = 1; values > 0; values -= 1) {
    const head = readHead(bytes, at);
    if (head === undefined || head.end > bytes.length) return Math.min(at, bytes.length);
    at = head.end;
    values += head.inner;
  }
  return at === bytes.length ? undefined : at;
}

interface Head {
  /** Offset after the value, but for the values inside it. */
  readonly end: number;
  /** How many values follow as its members. */
  readonly inner: number;
}

function readHead(bytes: Buffer, at: number): Head | undefined {
  const type = bytes[at];
  if (type === undefined) return undefined;
  if (type <= 0x7f || type >= 0xe0) return { end: at + 1, inner: 0 };
  if (type <= 0x8f) return { end: at + 1, inner: 2 * (type & 15) };
  if (type <= 0x9f) return { end: at + 1, inner: type & 15 };
  if (type <= 0xbf) return { end: at + 1 + (type & 31), inner: 0 };
  return sized(bytes, at, type);
}

/** For types from 0xc0 to 0xdf: bytes of the value, or of its length, and what the length counts. */
const kinds: Readonly<
  Record<number, readonly [size: number, counts: 'bytes' | 'values' | 'pairs']>
> = {
  0xc4: [1, 'bytes'],
  0xc5: [2, 'bytes'],
  0xc6: [4, 'bytes'],
  0xd9: [1, 'bytes'],
  0xda: [2, 'bytes'],
  0xdb: [4, 'bytes'],
  0xdc: [2, 'values'],
  0xdd: [4, 'values'],
  0xde: [2, 'pairs'],
  0xdf: [4, 'pairs'],
};

/** nil, false, true, float 32 and 64, unsigned and signed integers of 8 to 64 bits. */
const scalars: Readonly<Record<number, number>> = {
  0xc0: 0,
  0xc2: 0,
  0xc3: 0,
  0xca: 4,
  0xcb: 8,
  0xcc: 1,
  0xcd: 2,
  0xce: 4,
  0xcf: 8,
  0xd0: 1,
  0xd1: 2,
  0xd2: 4,
  0xd3: 8,
};

function sized(bytes: Buffer, at: number, type: number): Head | undefined {
  const scalar = scalars[type];
  if (scalar !== undefined) return { end: at + 1 + scalar, inner: 0 };
  const kind = kinds[type];
  if (kind === undefined) return undefined;
  const [size, counts] = kind;
  const end = at + 1 + size;
  if (end > bytes.length) return undefined;
  const length = bytes.readUIntBE(at + 1, size);
  if (counts === 'bytes') return { end: end + length, inner: 0 };
  return { end, inner: counts === 'pairs' ? 2 * length : length };
}
