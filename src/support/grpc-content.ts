import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

/** How messages of one side are compressed (`grpc-encoding`), and how large one may become. */
export interface GrpcEncoding {
  readonly encoding: string | undefined;
  readonly bytesMax: number;
}

/**
 * What a message says, whatever compressed it: two runtimes do not compress alike. Bytes that cannot
 * be decompressed, or would become too many (a kilobyte can swell to a gigabyte), stay as they are.
 */
export function plainMessage(
  message: { readonly bytes: Buffer; readonly compressed?: boolean },
  { encoding, bytesMax }: GrpcEncoding,
): Buffer {
  const decompress = message.compressed === true ? codecs[encoding ?? ''] : undefined;
  if (decompress === undefined) return message.bytes;
  try {
    return decompress(message.bytes, { maxOutputLength: bytesMax });
  } catch {
    return message.bytes;
  }
}

type Decompress = (bytes: Buffer, limit: { readonly maxOutputLength: number }) => Buffer;

const codecs: Readonly<Record<string, Decompress>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  zstd: zstdDecompressSync,
};
