/** What one side of a gRPC call says: a whole message, or bytes that are none. */
export interface GrpcPiece {
  /** `message`: without its prefix of five bytes; `data`: bytes behind something that is no message. */
  readonly kind: 'message' | 'data';
  readonly bytes: Buffer;
  /** Whether the flag of the message says that it is compressed. */
  readonly compressed: boolean;
}

/** Why bytes are no messages any more: a flag that nobody knows, a length over the limit, or an end midway. */
export type GrpcBreak = 'flag' | 'length' | 'end';

/** Reads the messages of one side; each call takes the next bytes. */
export interface GrpcReader {
  /** The messages that these bytes complete; from a break on, the bytes as they are. */
  readonly take: (bytes: Buffer) => readonly GrpcPiece[];
  /** Says that no more bytes come; gives what is left of a message that did not come whole. */
  readonly end: () => readonly GrpcPiece[];
  readonly broken: () => GrpcBreak | undefined;
}

/** The prefix of each message: a flag and its length. */
const prefixBytes = 5;

/** Makes a reader of length-prefixed messages; one of more than `bytesMax` is not gathered. */
export function createGrpcReader(bytesMax: number): GrpcReader {
  let broken: GrpcBreak | undefined;
  const waiting = createQueue();
  const next = (): GrpcPiece | undefined => {
    if (waiting.bytes() < prefixBytes) return undefined;
    const prefix = waiting.peek(prefixBytes);
    const flag = prefix.readUInt8(0);
    const length = prefix.readUInt32BE(1);
    if (flag > 1) broken = 'flag';
    else if (length > bytesMax) broken = 'length';
    if (broken !== undefined || waiting.bytes() < prefixBytes + length) return undefined;
    waiting.take(prefixBytes);
    return { kind: 'message', bytes: waiting.take(length), compressed: flag === 1 };
  };
  const rest = (): readonly GrpcPiece[] => {
    if (waiting.bytes() === 0) return [];
    return [{ kind: 'data', bytes: waiting.take(waiting.bytes()), compressed: false }];
  };
  return {
    broken: () => broken,
    take(bytes) {
      waiting.add(bytes);
      const pieces: GrpcPiece[] = [];
      while (broken === undefined) {
        const piece = next();
        if (piece === undefined) break;
        pieces.push(piece);
      }
      if (broken !== undefined) pieces.push(...rest());
      return pieces;
    },
    end() {
      if (waiting.bytes() > 0) broken ??= 'end';
      return rest();
    },
  };
}

/** The bytes of a piece on the wire. */
export function grpcFrame({ kind, bytes, compressed }: GrpcPiece): Buffer {
  if (kind === 'data') return bytes;
  const frame = Buffer.allocUnsafe(prefixBytes + bytes.length);
  frame.writeUInt8(compressed ? 1 : 0, 0);
  frame.writeUInt32BE(bytes.length, 1);
  bytes.copy(frame, prefixBytes);
  return frame;
}

/** Buffers in a row; joined only when a whole message is there, so that a large one is copied once. */
interface Queue {
  readonly add: (bytes: Buffer) => void;
  readonly bytes: () => number;
  readonly peek: (count: number) => Buffer;
  readonly take: (count: number) => Buffer;
}

function createQueue(): Queue {
  let chunks: Buffer[] = [];
  let size = 0;
  const peek = (count: number): Buffer => {
    const [first] = chunks;
    if (first !== undefined && first.length >= count) return first.subarray(0, count);
    let joined = 0;
    const some = chunks.findIndex((chunk) => {
      joined += chunk.length;
      return joined >= count;
    });
    // What was looked at is kept joined: the next look copies nothing.
    chunks = [Buffer.concat(chunks.slice(0, some + 1)), ...chunks.slice(some + 1)];
    return peek(count);
  };
  return {
    add(bytes) {
      if (bytes.length === 0) return;
      chunks.push(bytes);
      size += bytes.length;
    },
    bytes: () => size,
    peek: (count) => (count === 0 ? Buffer.alloc(0) : peek(count)),
    take(count) {
      if (count === 0) return Buffer.alloc(0);
      const taken = peek(count);
      const first = chunks[0]?.subarray(count) ?? Buffer.alloc(0);
      if (first.length === 0) chunks.shift();
      else chunks[0] = first;
      size -= count;
      return taken;
    },
  };
}
