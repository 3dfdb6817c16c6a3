import { constants, inflateRaw, inflateRawSync } from 'node:zlib';

/** Undoes the compression of WebSocket messages (RFC 7692, 7.2.2) one after the other. */
export interface Inflater {
  /**
   * A message as it was before; a promise where it is large, and the next must wait for it. `large`:
   * it has more bytes than it may. `broken`: it is no compressed message.
   */
  readonly inflate: (payload: Buffer, bytesMax: number) => Inflated | Promise<Inflated>;
}

/** What became of a compressed message. */
export type Inflated = Buffer | 'large' | 'broken';

/** What a sender leaves out at the end of each message (RFC 7692, 7.2.1). */
const tail = Buffer.from([0, 0, 0xff, 0xff]);
/** The largest window of DEFLATE: how far back a message may point. */
const windowBytesMax = 32_768;
/** Above this it is done in a thread of its own: the loop would stand still for milliseconds. */
const atOnceBytesMax = 8192;

/**
 * Makes an inflater. Between two messages it holds no state of zlib, which would be ten times as
 * much, but only what the next may point back to: nothing where the sender starts each afresh.
 */
export function createInflater({
  contextTakeover,
}: {
  readonly contextTakeover: boolean;
}): Inflater {
  let window: Buffer = Buffer.alloc(0);
  const remember = (plain: Buffer): Buffer => {
    if (contextTakeover) window = lastOf(window, plain);
    return plain;
  };
  return {
    inflate(payload, bytesMax) {
      const bytes = Buffer.concat([payload, tail]);
      const options = {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: Math.max(1, bytesMax),
        ...(window.length > 0 && { dictionary: window }),
      };
      if (payload.length > atOnceBytesMax) {
        return new Promise((resolve) => {
          inflateRaw(bytes, options, (error, plain) => {
            resolve(error === null ? remember(plain) : whatBroke(error));
          });
        });
      }
      try {
        return remember(inflateRawSync(bytes, options));
      } catch (error) {
        return whatBroke(error);
      }
    },
  };
}

function whatBroke(error: unknown): Inflated {
  const code: unknown = typeof error === 'object' && error !== null && Reflect.get(error, 'code');
  return code === 'ERR_BUFFER_TOO_LARGE' ? 'large' : 'broken';
}

/** The last bytes of both, as many as the window has room for, in a buffer of their own. */
function lastOf(before: Buffer, after: Buffer): Buffer {
  if (after.length >= windowBytesMax) return Buffer.from(after.subarray(-windowBytesMax));
  const kept = before.subarray(Math.max(0, before.length + after.length - windowBytesMax));
  return Buffer.concat([kept, after]);
}
