import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import { type Headers, headerTokens } from '../exchange/headers.ts';
import { errorCode } from '../support/system-error.ts';

/** A content coding (RFC 9110, 8.4.1; RFC 8878) that can be undone and done again. */
export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';

/** No more is decoded, neither to look at nor to store: a kilobyte can swell to a gigabyte. */
export const decodedBytesMax = 1024 * 1024;

/** Brotli at its default, the highest quality, takes a second for a megabyte. */
const brotliBytesMax = 16 * 1024;

const codecs = {
  gzip: { encode: gzipSync, decode: gunzipSync },
  deflate: { encode: deflateSync, decode: inflateSync },
  br: { encode: brotliCompressSync, decode: brotliDecompressSync },
  zstd: { encode: zstdCompressSync, decode: zstdDecompressSync },
} as const;

/** The coding of that name, or nothing. */
export function codingOf(name: string): Coding | undefined {
  switch (name) {
    case 'gzip':
    case 'x-gzip':
      return 'gzip';
    case 'deflate':
    case 'br':
    case 'zstd':
      return name;
    default:
      return undefined;
  }
}

/** The one content coding of a message; nothing where there is none, an unknown one, or several. */
export function contentCoding(headers: Headers): Coding | undefined {
  const [token, another] = headerTokens(headers, 'content-encoding');
  return token === undefined || another !== undefined ? undefined : codingOf(token);
}

/** The decoded bytes; nothing where they are broken or more than `decodedBytesMax`. */
export function decode(coding: Coding, encoded: Buffer): Buffer | undefined {
  try {
    return codecs[coding].decode(encoded, { maxOutputLength: decodedBytesMax });
  } catch {
    return undefined;
  }
}

/** Whether bytes are in that coding: they can be decoded, or are too many to try. */
export function isEncoded(coding: Coding, bytes: Buffer): boolean {
  try {
    codecs[coding].decode(bytes, { maxOutputLength: decodedBytesMax });
    return true;
  } catch (error) {
    return errorCode(error) === 'ERR_BUFFER_TOO_LARGE';
  }
}

/** The bytes encoded with zlib's defaults. */
export function encode(coding: Coding, decoded: Buffer): Buffer {
  return codecs[coding].encode(decoded);
}

/** Whether encoding some bytes gives other bytes again; `false` too where finding out would take long. */
export function encodesTo(coding: Coding, decoded: Buffer, encoded: Buffer): boolean {
  if (coding === 'br' && decoded.length > brotliBytesMax) return false;
  return encode(coding, decoded).equals(encoded);
}
