const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** A frame (RFC 9113, 4.1). */
function frame(...[type, flags, stream, payload]: [number, number, number, Buffer]): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const settings = frame(4, 0, 0, Buffer.alloc(0));
const acknowledged = frame(4, 1, 0, Buffer.alloc(0));
/** `:method: GET`, `:scheme: http`, `:path: /`, `:authority: far.test` (RFC 7541, appendix A). */
const get = Buffer.from('82868441086661722e74657374', 'hex');
const post = Buffer.from('83868441086661722e74657374', 'hex');
const endStream = 1;
const endHeaders = 4;

const spoken = (...frames: readonly Buffer[]): Buffer =>
  Buffer.concat([preface, settings, acknowledged, ...frames]);

/** What HTTP/2 clients say, in order and out of it. */
export const http2Seeds: readonly Buffer[] = [
  spoken(frame(1, endStream | endHeaders, 1, get)),
  spoken(
    frame(1, endHeaders, 1, post),
    frame(0, 0, 1, Buffer.from('ab')),
    frame(0, endStream, 1, Buffer.from('c')),
  ),
  spoken(frame(1, endStream, 1, get.subarray(0, 2)), frame(9, endHeaders, 1, get.subarray(2))),
  spoken(
    frame(1, endStream | endHeaders, 1, get),
    frame(1, endStream | endHeaders, 3, get),
    frame(3, 0, 1, Buffer.from([0, 0, 0, 8])),
  ),
  spoken(frame(6, 0, 0, Buffer.alloc(8)), frame(8, 0, 0, Buffer.from([0, 0, 255, 255]))),
  spoken(frame(7, 0, 0, Buffer.alloc(8))),
  spoken(frame(2, 0, 1, Buffer.from([0, 0, 0, 0, 16]))),
];

/** Frames that mean something wherever they stand. */
export const http2Words: readonly Buffer[] = [
  frame(4, 0, 0, Buffer.from([0, 3, 0, 0, 0, 0])),
  frame(8, 0, 1, Buffer.from([0x7f, 255, 255, 255])),
  frame(3, 0, 1, Buffer.from([0, 0, 0, 0])),
  frame(9, 0, 1, Buffer.alloc(4)),
  frame(5, endHeaders, 1, Buffer.from([0, 0, 0, 2, 0x82])),
  Buffer.from([0x0f, 0x0d, 0x03, 0x31, 0x32, 0x33]),
];
