import { Duplex, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Arrival, Likely } from '../exchange/arrival.ts';
import type { Offer } from '../exchange/upstream.ts';
import type { Peeked } from './peek.ts';
import { peek } from './peek.ts';
import type { Recognised } from './recognise.ts';
import { recognise } from './recognise.ts';
import type { Seen } from './route.ts';

/** What a look needs besides the arrival. */
export interface LookOptions {
  /** The terms of the destination, where they were asked for already. */
  readonly offer: Offer | undefined;
  /** Asks for them, once the client has been silent for `silenceMs`; nothing where nobody can be asked. */
  readonly ask: (() => Promise<Offer>) | undefined;
  readonly silenceMs: number;
  /** Whether its bytes are likely to be passed on as they are: then neither side is kept waiting for the other. */
  readonly likely: Likely | undefined;
  /** Sockets whose client has said nothing yet; kept up to date. */
  readonly silent: Set<Duplex>;
}

/**
 * Waits until it is known what a client speaks. So long as it says nothing, a server that speaks
 * first ends the wait; the silence alone does not: browsers and pools connect before they need to.
 */
export async function look(arrival: Arrival, options: LookOptions): Promise<Peeked<Recognised>> {
  const { socket } = arrival;
  const spoken = new AbortController();
  options.silent.add(socket);
  const judge = (bytes: Buffer): Recognised | 'more' => {
    options.silent.delete(socket);
    spoken.abort();
    return recognise(bytes);
  };
  try {
    return await peek(socket, {
      judge,
      interruption: serverSpeaks(options, spoken.signal),
      ...(options.likely !== undefined && {
        fallback: { judge: rawUnlessTls, afterMs: options.silenceMs },
      }),
    });
  } finally {
    options.silent.delete(socket);
    spoken.abort();
  }
}

/** What a client is taken for that says too little to be recognised, and waits for an answer to it. */
function rawUnlessTls(bytes: Buffer): Recognised | 'more' {
  return bytes[0] === 0x16 ? 'more' : { kind: 'raw' };
}

/** What was seen, in the words of the routes. */
export function seenOf(peeked: Peeked<Recognised>): Seen {
  switch (peeked.type) {
    case 'judged':
      return peeked.value.kind;
    case 'interrupted':
      return 'serverSpoke';
    case 'ended':
      return peeked.bytes.length === 0 ? 'endedSilent' : 'endedShort';
    case 'lost':
      return 'lost';
  }
}

/** Whether the client has said anything. */
export function hasSpoken(peeked: Peeked<Recognised>): boolean {
  switch (peeked.type) {
    case 'judged':
      return true;
    case 'lost':
      return peeked.heard;
    case 'ended':
      return peeked.bytes.length > 0;
    case 'interrupted':
      return false;
  }
}

/** What a socket died of, where that is known. */
export function errorOf(peeked: Peeked<Recognised>): Error | undefined {
  return peeked.type === 'lost' ? peeked.error : undefined;
}

/** The socket with all its bytes: those of a client that ended early could not be put back. */
export function wholeSocket(socket: Duplex, peeked: Peeked<Recognised>): Duplex {
  if (peeked.type !== 'ended') return socket;
  const readable = Readable.from([peeked.bytes], { objectMode: false });
  // Node takes such a pair; the published types do not know it.
  return Duplex.from({ readable, writable: socket } as unknown as Iterable<Buffer>);
}

async function serverSpeaks(options: LookOptions, spoken: AbortSignal): Promise<boolean> {
  const offer = options.offer ?? (await offerAfterSilence(options, spoken));
  // An HTTP/2 server speaks first, and its client does not wait for that.
  if (offer?.type !== 'terms' || offer.serverSpoke === undefined || offer.alpn === 'h2')
    return false;
  await offer.serverSpoke;
  return true;
}

async function offerAfterSilence(
  options: LookOptions,
  spoken: AbortSignal,
): Promise<Offer | undefined> {
  if (options.ask === undefined) return undefined;
  await delay(options.likely === 'alone' ? 0 : options.silenceMs, undefined, { signal: spoken });
  return options.ask();
}
