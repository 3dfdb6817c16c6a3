import { constants, deflateRawSync } from 'node:zlib';

/** A frame of a client's, masked (RFC 6455, 5.2). */
function frame(first: number, payload: Buffer): Buffer {
  const key = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  const hidden = payload.map((byte, place) => byte ^ (key[place % 4] ?? 0));
  return Buffer.concat([Buffer.from([first, 0x80 | payload.length]), key, hidden]);
}

const deflated = deflateRawSync('hello hello', { finishFlush: constants.Z_SYNC_FLUSH });

/** What WebSocket clients say. */
export const frameSeeds: readonly Buffer[] = [
  frame(0x81, Buffer.from('hello')),
  Buffer.concat([frame(0x01, Buffer.from('hel')), frame(0x80, Buffer.from('lo'))]),
  frame(0x82, Buffer.from([0, 255])),
  Buffer.concat([frame(0x89, Buffer.from('p')), frame(0x8a, Buffer.from('p'))]),
  frame(0x88, Buffer.from([0x03, 0xe8, 0x62, 0x79, 0x65])),
  frame(0xc1, deflated.subarray(0, -4)),
  frame(0x81, Buffer.from([0xc3, 0x28])),
];
