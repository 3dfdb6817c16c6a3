/** A whole WebSocket message or control frame (RFC 6455, 5.2), unmasked, still as compressed as it came. */
export interface Frames {
  /** 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  readonly opcode: number;
  readonly payload: Buffer;
  /** RSV1 of its first frame: the message is compressed (RFC 7692, 6). */
  readonly compressed: boolean;
}

/** How frames are to be read. */
export interface FrameReading {
  /** Frames of a client are masked, those of a server are not (5.1). */
  readonly masked: boolean;
  /** Whether a message may be compressed. */
  readonly compresses: boolean;
  /** Takes each message when it is whole. */
  readonly onFrames: (frames: Frames) => void;
  /** How many bytes a message may have yet; of a longer one nothing is kept, and `tooLong` is told once. */
  readonly roomFor: () => number;
  readonly tooLong: () => void;
}

const nothing = Buffer.alloc(0);
const headBytesMax = 14;
const controlBytesMax = 125;
const piecesMax = 512;
const continuation = 0;
const firstControl = 8;
/** The largest length that a number holds exactly; the wire has room for more. */
const lengthMax = Number.MAX_SAFE_INTEGER;

interface Head {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly masked: boolean;
  readonly length: number;
  readonly key: Buffer | undefined;
  /** Bytes that the head itself has. */
  readonly size: number;
}

interface Gathering {
  readonly opcode: number;
  readonly compressed: boolean;
  /** What came, many pieces at a time put together. */
  readonly blocks: Buffer[];
  readonly pieces: Buffer[];
  size: number;
  skipped: boolean;
}

/** Reads the frames of one direction, piece by piece. It keeps no more than the message that is on its way. */
export class FrameReader {
  readonly #reading: FrameReading;
  #unread: Buffer = nothing;
  #frame: Head | undefined;
  /** Bytes of the frame's payload that have not come yet. */
  #left = 0;
  #message: Gathering | undefined;
  #control: Gathering | undefined;
  #broken = false;

  constructor(reading: FrameReading) {
    this.#reading = reading;
  }

  /** Reads bytes, which stay as they are. False where they break the protocol: what follows has no meaning. */
  take(bytes: Buffer): boolean {
    let at = 0;
    while (!this.#broken) {
      if (this.#frame === undefined) {
        const taken = this.#takeHead(bytes, at);
        if (taken === undefined) return true;
        at += taken;
      } else if (at === bytes.length) {
        return true;
      } else {
        at += this.#takePayload(this.#frame, bytes.subarray(at, at + this.#left));
      }
    }
    this.#message = undefined;
    return false;
  }

  /** How many of the bytes belong to the head that begins before or among them; nothing where it is not whole. */
  #takeHead(bytes: Buffer, at: number): number | undefined {
    const before = this.#unread.length;
    const have = before === 0 ? bytes.subarray(at) : joined(this.#unread, bytes, at);
    const head = readHead(have);
    if (head === undefined) {
      // At most a head: a copy, so that the read buffer is not kept for it.
      this.#unread = have.length === 0 ? nothing : Buffer.from(have);
      return undefined;
    }
    this.#unread = nothing;
    this.#begin(head);
    return head.size - before;
  }

  #begin(head: Head): void {
    this.#broken = isBroken(head, this.#reading, this.#message !== undefined);
    if (this.#broken) return;
    this.#frame = head;
    this.#left = head.length;
    if (head.opcode >= firstControl) this.#control = gathering(head);
    else this.#message ??= gathering(head);
    if (head.length === 0) this.#finish(head);
  }

  #takePayload(head: Head, bytes: Buffer): number {
    const into = head.opcode >= firstControl ? this.#control : this.#message;
    if (into !== undefined) {
      this.#pass(into);
      into.size += bytes.length;
      if (!into.skipped) keep(into, unmasked(bytes, head.key, head.length - this.#left));
    }
    this.#left -= bytes.length;
    if (this.#left === 0) this.#finish(head);
    return bytes.length;
  }

  /** Keeps nothing of a message of which too much has come, or is announced. */
  #pass(into: Gathering): void {
    if (into.skipped || into.opcode >= firstControl) return;
    if (into.size + this.#left <= this.#reading.roomFor()) return;
    into.skipped = true;
    into.pieces.length = 0;
    into.blocks.length = 0;
    this.#reading.tooLong();
  }

  #finish({ fin, opcode }: Head): void {
    this.#frame = undefined;
    const isControl = opcode >= firstControl;
    const whole = isControl ? this.#control : this.#message;
    if (whole === undefined || !fin) return;
    if (isControl) this.#control = undefined;
    else this.#message = undefined;
    if (!whole.skipped) this.#reading.onFrames(wholeOf(whole));
  }
}

/** What is left of the last bytes, which is less than a head, with as much as makes it one. */
function joined(unread: Buffer, bytes: Buffer, at: number): Buffer {
  return Buffer.concat([unread, bytes.subarray(at, at + headBytesMax - unread.length)]);
}

/** The head of a frame; nothing where it is not whole yet. */
function readHead(bytes: Buffer): Head | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const masked = (second & 0x80) !== 0;
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const size = 2 + lengthBytes + (masked ? 4 : 0);
  if (bytes.length < size) return undefined;
  const length = lengthBytes === 0 ? short : longLength(bytes, lengthBytes);
  return {
    fin: (first & 0x80) !== 0,
    rsv: (first & 0x70) >> 4,
    opcode: first & 0x0f,
    masked,
    length,
    key: masked ? Buffer.from(bytes.subarray(size - 4, size)) : undefined,
    size,
  };
}

function longLength(bytes: Buffer, width: number): number {
  return width === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
}

function isBroken(head: Head, reading: FrameReading, within: boolean): boolean {
  const { fin, rsv, opcode, masked, length } = head;
  if (masked !== reading.masked || length > lengthMax) return true;
  if (opcode >= firstControl) {
    return opcode > 10 || rsv !== 0 || !fin || length > controlBytesMax || isBadClose(head);
  }
  if (opcode > 2 || (opcode === continuation) !== within) return true;
  return rsv !== 0 && (rsv !== 4 || !reading.compresses || opcode === continuation);
}

/** A close frame is empty, or begins with a code of two bytes (5.5.1). */
function isBadClose({ opcode, length }: Head): boolean {
  return opcode === 8 && length === 1;
}

function gathering({ opcode, rsv }: Head): Gathering {
  return { opcode, compressed: rsv === 4, blocks: [], pieces: [], size: 0, skipped: false };
}

/** A message in fragments of one byte must not cost a hundred times its size in objects. */
function keep({ blocks, pieces }: Gathering, bytes: Buffer): void {
  pieces.push(bytes);
  if (pieces.length === piecesMax) blocks.push(Buffer.concat(pieces.splice(0)));
}

function wholeOf({ opcode, compressed, blocks, pieces }: Gathering): Frames {
  const all = [...blocks, ...pieces];
  const [first] = all;
  const payload = all.length === 1 && first !== undefined ? first : Buffer.concat(all);
  return { opcode, compressed, payload };
}

/** A copy without the mask: the bytes themselves go on to the other side. */
function unmasked(bytes: Buffer, key: Buffer | undefined, offset: number): Buffer {
  const plain = Buffer.from(bytes);
  if (key === undefined) return plain;
  const [a = 0, b = 0, c = 0, d = 0] = [0, 1, 2, 3].map((place) => key[(offset + place) & 3]);
  const { length } = plain;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    plain[at] = (plain[at] ?? 0) ^ a;
    plain[at + 1] = (plain[at + 1] ?? 0) ^ b;
    plain[at + 2] = (plain[at + 2] ?? 0) ^ c;
    plain[at + 3] = (plain[at + 3] ?? 0) ^ d;
  }
  for (; at < length; at += 1) plain[at] = (plain[at] ?? 0) ^ (key[(offset + at) & 3] ?? 0);
  return plain;
}
