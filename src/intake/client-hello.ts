import type { ClientHello } from '../exchange/upstream.ts';

/** What in a hello bears the mark of the program that wrote it, in its order. */
export interface HelloMarks {
  readonly ciphers: readonly number[];
  readonly extensions: readonly number[];
  /** The newest version that it offers, as on the wire (0x0301 is TLS 1.0). */
  readonly version: number;
}

/** A ClientHello: what it asks for, and who may have written it. */
export interface ReadHello {
  readonly hello: ClientHello;
  readonly marks: HelloMarks;
}

/** Upper bound of a hello, its record headers included (most have less than 2 KiB). */
export const helloBytesMax = 16 * 1024 + 1024;

const handshakeBytesMax = 16 * 1024;
const recordBytesMax = 16 * 1024;
const handshakeRecord = 22;
const clientHello = 1;
const serverNameExtension = 0;
const alpnExtension = 16;
const versionsExtension = 43;

/**
 * Reads a ClientHello (RFC 8446, 4.1.2) from the first bytes of a connection, over any number of
 * records (5.1). The answer on some bytes is the answer on all that begin with them, unless it is
 * `more`.
 */
export function parseClientHello(bytes: Buffer): ReadHello | 'more' | 'broken' {
  const seen = bytes.subarray(0, helloBytesMax);
  const message = handshakeBytes(seen);
  if (message === 'broken') return 'broken';
  const type = message[0];
  if (type !== undefined && type !== clientHello) return 'broken';
  const length = message.length < 4 ? undefined : message.readUIntBE(1, 3);
  if (length !== undefined && length > handshakeBytesMax) return 'broken';
  if (length === undefined || message.length < 4 + length) {
    return seen.length < helloBytesMax ? 'more' : 'broken';
  }
  try {
    return readHello(reader(message.subarray(4, 4 + length)));
  } catch (error) {
    if (error instanceof RangeError) return 'broken';
    throw error;
  }
}

/** What the records hold of the first handshake message; what follows the message is not judged. */
function handshakeBytes(bytes: Buffer): Buffer | 'broken' {
  const fragments: Buffer[] = [];
  let [at, have, wanted] = [0, 0, 4];
  while (at < bytes.length && have < wanted) {
    if (bytes[at] !== handshakeRecord || (bytes[at + 1] ?? 3) !== 3) return 'broken';
    if (at + 5 > bytes.length) break;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > recordBytesMax) return 'broken';
    const fragment = bytes.subarray(at + 5, at + 5 + length);
    fragments.push(fragment);
    have += fragment.length;
    at += 5 + length;
    // The first four bytes say how long the message is.
    if (wanted === 4 && have >= 4) wanted = 4 + Buffer.concat(fragments).readUIntBE(1, 3);
  }
  return Buffer.concat(fragments);
}

function readHello(hello: Reader): ReadHello {
  let version = hello.number(2);
  hello.take(32);
  hello.block(1);
  const ciphers = numbersOf(hello.block(2));
  hello.block(1);
  let serverName: string | undefined;
  let alpn: readonly string[] = [];
  const seen: number[] = [];
  // A hello of TLS 1.2 may end here, without extensions.
  const extensions = hello.left() === 0 ? hello : reader(hello.block(2));
  while (extensions.left() > 0) {
    const type = extensions.number(2);
    const content = reader(extensions.block(2));
    seen.push(type);
    if (type === serverNameExtension) serverName = readServerName(content);
    if (type === alpnExtension) alpn = readProtocols(content);
    if (type === versionsExtension) version = newestOf(numbersOf(content.block(1)), version);
  }
  return {
    hello: serverName === undefined ? { alpn } : { serverName, alpn },
    marks: { ciphers, extensions: seen, version },
  };
}

/** Fields of two bytes each. */
function numbersOf(bytes: Buffer): readonly number[] {
  const fields = reader(bytes);
  const numbers: number[] = [];
  while (fields.left() > 0) numbers.push(fields.number(2));
  return numbers;
}

/** The newest of the versions offered (RFC 8446, 4.2.1); made-up ones (RFC 8701) do not count. */
function newestOf(versions: readonly number[], otherwise: number): number {
  const real = versions.filter((version) => version >> 8 === 3);
  return real.length === 0 ? otherwise : Math.max(...real);
}

/** The host name of a server_name extension (RFC 6066, 3); nothing where it is none that could be dialled. */
function readServerName(content: Reader): string | undefined {
  const names = reader(content.block(2));
  while (names.left() > 0) {
    const type = names.number(1);
    const name = names.block(2).toString('latin1').toLowerCase().replace(/\.$/, '');
    if (type === 0) return /^[a-z0-9._:-]{1,253}$/.test(name) ? name : undefined;
  }
  return undefined;
}

/** The protocol names of an ALPN extension (RFC 7301, 3.1). */
function readProtocols(content: Reader): readonly string[] {
  const list = reader(content.block(2));
  const protocols: string[] = [];
  while (list.left() > 0) protocols.push(list.block(1).toString('latin1'));
  return protocols;
}

interface Reader {
  readonly left: () => number;
  readonly take: (count: number) => Buffer;
  readonly number: (width: number) => number;
  /** Bytes behind their own length, which has this width. */
  readonly block: (width: number) => Buffer;
}

/** Reads fields one after the other; throws RangeError where one reaches past the end. */
function reader(bytes: Buffer): Reader {
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > bytes.length) throw new RangeError('a field reaches past the end');
    at += count;
    return bytes.subarray(at - count, at);
  };
  const number = (width: number): number => take(width).readUIntBE(0, width);
  return { left: () => bytes.length - at, take, number, block: (width) => take(number(width)) };
}
