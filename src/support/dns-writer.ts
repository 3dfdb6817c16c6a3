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

/** Begins a message with some bytes, whose names are known from the given places. */
export function createDnsWriter(
  start: Buffer,
  named: readonly { readonly name: string; readonly at: number }[] = [],
): DnsWriter {
  let pieces: Buffer[] = [start];
  let length = start.length;
  const places = new Map<string, number>();
  const add = (bytes: Buffer): void => {
    pieces.push(bytes);
    length += bytes.length;
    if (length > messageBytesMax) throw new RangeError('a DNS message has at most 65535 bytes');
  };
  const remember = (suffix: string, at: number): void => {
    if (at <= pointerMax && !places.has(suffix)) places.set(suffix, at);
  };
  for (const { name, at } of named) rememberSuffixes(name, at, remember);
  return {
    get length() {
      return length;
    },
    bytes: add,
    uint16: (value) => add(uint16(value)),
    uint32(value) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      add(bytes);
    },
    name(name, compressed) {
      const labels = labelsOf(name);
      for (const [index, label] of labels.entries()) {
        const suffix = keyOf(labels.slice(index));
        const place = places.get(suffix);
        if (compressed && place !== undefined) return add(uint16(0xc0_00 | place));
        remember(suffix, length);
        add(Buffer.concat([Buffer.from([label.length]), label]));
      }
      add(Buffer.alloc(1));
    },
    sized(body) {
      const size = Buffer.alloc(2);
      add(size);
      const before = length;
      body();
      size.writeUInt16BE(length - before);
    },
    cutTo(shorter) {
      pieces = [Buffer.concat(pieces).subarray(0, shorter)];
      length = shorter;
      for (const [suffix, at] of places) if (at >= shorter) places.delete(suffix);
    },
    message: () => Buffer.concat(pieces),
  };
}

function rememberSuffixes(
  name: string,
  at: number,
  remember: (suffix: string, at: number) => void,
): void {
  let place = at;
  const labels = labelsOf(name);
  for (const [index, label] of labels.entries()) {
    remember(keyOf(labels.slice(index)), place);
    place += label.length + 1;
  }
}

/** Case does not count in names (RFC 4343). */
function keyOf(labels: readonly Buffer[]): string {
  return labels
    .map((label) => label.toString('latin1').toLowerCase().replaceAll('.', '\\.'))
    .join('.');
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
