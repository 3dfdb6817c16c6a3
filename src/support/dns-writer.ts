/** A message as it is being written; names that it has already are pointed to (RFC 1035, 4.1.4). */
export interface DnsWriter {
  readonly length: number;
  readonly bytes: (bytes: Buffer) => void;
  readonly uint16: (value: number) => void;
  readonly uint32: (value: number) => void;
  /** A name, without its last dot; pointed to where that is allowed and it has been written. */
  readonly name: (name: string, compressed: boolean) => void;
  /** A length of two bytes, then what the body writes. */
  readonly sized: (body: () => void) => void;
  /** Forgets all behind a length that it had before. */
  readonly cutTo: (length: number) => void;
  readonly message: () => Buffer;
}

const messageBytesMax = 65_535;
/** What a pointer can point to. */
const pointerMax = 0x3f_ff;

/** Begins a message with some bytes, of which a name, written out, begins at a place. */
export function createDnsWriter(start: Buffer, nameAt?: number): DnsWriter {
  let pieces: Buffer[] = [start];
  let length = start.length;
  const places = createPlaces();
  const add = (bytes: Buffer): void => {
    pieces.push(bytes);
    length += bytes.length;
    if (length > messageBytesMax) throw new RangeError('a DNS message has at most 65535 bytes');
  };
  if (nameAt !== undefined) places.remember(labelsIn(start, nameAt), nameAt);
  return {
    get length() {
      return length;
    },
    bytes: add,
    uint16: (value) => add(uint16(value)),
    uint32: (value) => add(uint32(value)),
    name(name, compressed) {
      const labels = labelsOf(name);
      const known = compressed ? places.longest(labels) : { count: 0, pointer: Buffer.alloc(1) };
      const own = labels.slice(0, labels.length - known.count);
      places.remember(labels, length, own.length);
      add(
        Buffer.concat([...own.flatMap((one) => [Buffer.from([one.length]), one]), known.pointer]),
      );
    },
    sized(body) {
      const size = uint16(0);
      add(size);
      const before = length;
      body();
      size.writeUInt16BE(length - before);
    },
    cutTo(shorter) {
      pieces = [Buffer.concat(pieces).subarray(0, shorter)];
      length = shorter;
      places.forgetFrom(shorter);
    },
    message: () => Buffer.concat(pieces),
  };
}

/** Where names and their ends have been written. */
interface Places {
  /** Remembers a name that begins at a place, and so many of its ends (all). */
  readonly remember: (labels: readonly Buffer[], at: number, count?: number) => void;
  /** How many labels of a name's end have been written, and what points to them. */
  readonly longest: (labels: readonly Buffer[]) => {
    readonly count: number;
    readonly pointer: Buffer;
  };
  readonly forgetFrom: (at: number) => void;
}

function createPlaces(): Places {
  const places = new Map<string, number>();
  return {
    remember(labels, at, count = labels.length) {
      let place = at;
      for (const [index, label] of labels.slice(0, count).entries()) {
        const key = keyOf(labels.slice(index));
        if (place <= pointerMax && !places.has(key)) places.set(key, place);
        place += label.length + 1;
      }
    },
    longest(labels) {
      for (const index of labels.keys()) {
        const place = places.get(keyOf(labels.slice(index)));
        if (place !== undefined) {
          return { count: labels.length - index, pointer: uint16(0xc0_00 | place) };
        }
      }
      return { count: 0, pointer: Buffer.alloc(1) };
    },
    forgetFrom(at) {
      for (const [key, place] of places) if (place >= at) places.delete(key);
    },
  };
}

/** Case does not count in names (RFC 4343). */
function keyOf(labels: readonly Buffer[]): string {
  return labels
    .map((label) => label.toString('latin1').toLowerCase().replaceAll('.', '\\.'))
    .join('.');
}

/** The very labels of a name that is written out; a client may put any bytes into one. */
function labelsIn(bytes: Buffer, start: number): readonly Buffer[] {
  const labels: Buffer[] = [];
  let at = start;
  for (let length = bytes[at] ?? 0; length > 0; length = bytes[at] ?? 0) {
    labels.push(bytes.subarray(at + 1, at + 1 + length));
    at += length + 1;
  }
  return labels;
}

/** The labels of a name, a dot within one escaped by a backslash. */
function labelsOf(name: string): readonly Buffer[] {
  if (name === '' || name === '.') return [];
  const labels = name.split(/(?<!\\)\./).map((label) => Buffer.from(label.replaceAll('\\.', '.')));
  const length = labels.reduce((sum, label) => sum + label.length + 1, 1);
  if (length > 255 || labels.some((label) => label.length === 0 || label.length > 63)) {
    throw new RangeError(`${JSON.stringify(name)} is no name`);
  }
  return labels;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
