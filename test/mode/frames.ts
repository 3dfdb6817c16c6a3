import { constants, createDeflateRaw, deflateRawSync } from 'node:zlib';

/** A WebSocket frame written by hand (RFC 6455, 5.2). */
export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer | string;
  readonly fin?: boolean;
  /** The client's frames are masked. */
  readonly masked?: boolean;
  /** RSV1: the first frame of a compressed message (RFC 7692, 6). */
  readonly compressed?: boolean;
}

/** The bytes of a frame. */
export function frame({
  opcode,
  payload,
  fin = true,
  masked = false,
  compressed = false,
}: Frame): Buffer {
  const bytes = Buffer.from(payload);
  const first = (fin ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode;
  const mask = masked ? 0x80 : 0;
  const head =
    bytes.length < 126
      ? Buffer.from([first, mask | bytes.length])
      : longHead(first, mask, bytes.length);
  if (!masked) return Buffer.concat([head, bytes]);
  const key = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  const hidden = bytes.map((byte, place) => byte ^ (key[place % 4] ?? 0));
  return Buffer.concat([head, key, hidden]);
}

function longHead(first: number, mask: number, length: number): Buffer {
  if (length < 0x1_0000) return Buffer.from([first, mask | 126, length >> 8, length & 0xff]);
  const head = Buffer.alloc(10);
  head.set([first, mask | 127]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

/** The bytes of a close frame. */
export function closeFrame(code: number, reason: string, masked = false): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
  return frame({ opcode: 8, payload, masked });
}

/** A compressed message without context (RFC 7692, 7.2.1). */
export function deflated(text: string): Buffer {
  return deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** Compressed messages that refer to those before them. */
export async function deflatedTogether(texts: readonly string[]): Promise<readonly Buffer[]> {
  const deflate = createDeflateRaw();
  const chunks: Buffer[] = [];
  deflate.on('data', (bytes: Buffer) => chunks.push(bytes));
  const made: Buffer[] = [];
  for (const text of texts) {
    deflate.write(text);
    await new Promise<void>((resolve) => {
      deflate.flush(constants.Z_SYNC_FLUSH, resolve);
    });
    made.push(Buffer.concat(chunks.splice(0)).subarray(0, -4));
  }
  deflate.close();
  return made;
}
