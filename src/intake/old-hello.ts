import type { ReadHello } from './client-hello.ts';

// Programs of the days of Java 6 say hello in the form of SSL 2, so that servers of those days might
// answer, and ask for TLS 1.0 with it (RFC 5246, E.2): a length, a type, a version, three lengths,
// then what they measure. It names no server and no protocol.

const clientHello = 1;
const headBytes = 11;
const challengeBytesMin = 16;

/** Whether bytes begin such a hello: of at most 255 bytes, which no real one exceeds. */
export function beginsOldHello(bytes: Buffer): boolean | 'more' {
  const [first, length = 255, type = clientHello, major = 3, minor = 1] = bytes;
  const fits = first === 0x80 && length >= headBytes - 2 + 3 + challengeBytesMin;
  if (!fits || type !== clientHello || major !== 3 || minor > 4) return false;
  return bytes.length < 5 ? 'more' : true;
}

/** Reads a hello that begins so; the answer on some bytes is the answer on all that begin with them. */
export function readOldHello(bytes: Buffer): ReadHello | 'more' | 'broken' {
  if (bytes.length < headBytes) return 'more';
  const [length, version] = [bytes.readUInt8(1), bytes.readUInt16BE(3)];
  const [suiteBytes, rest] = [bytes.readUInt16BE(5), bytes.readUInt16BE(7) + bytes.readUInt16BE(9)];
  const whole = headBytes + suiteBytes + rest;
  if (suiteBytes % 3 !== 0 || whole !== length + 2) return 'broken';
  if (bytes.length < whole) return 'more';
  const ciphers: number[] = [];
  for (let at = headBytes; at < headBytes + suiteBytes; at += 3) {
    const suite = bytes.readUIntBE(at, 3);
    // Those of SSL 2 have a first byte; nobody speaks it any more.
    if (suite <= 0xff_ff) ciphers.push(suite);
  }
  return { hello: { alpn: [] }, marks: { ciphers, extensions: [], version } };
}
