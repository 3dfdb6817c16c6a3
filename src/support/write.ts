import type { Writable } from 'node:stream';

/** Writes bytes and waits while the stream is full; resolves false when the stream is closed. */
export async function write(stream: Writable, bytes: Buffer): Promise<boolean> {
  if (stream.destroyed || stream.writableEnded) return false;
  if (stream.write(bytes)) return true;
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      stream.off('drain', settle);
      stream.off('close', settle);
      resolve();
    };
    stream.on('drain', settle);
    stream.on('close', settle);
  });
  return !stream.destroyed;
}
