import type { Body, Ending, Part, Parts } from '../exchange/conversation.ts';
import type { FaultEffect } from '../exchange/fault.ts';

/** A body that is spoilt on its way, and how the answer then ends. */
export interface Spoilt {
  readonly body: Body;
  readonly ending: Ending | Promise<Ending>;
}

/** What spoiling needs. */
export interface Spoiling extends Spoilt {
  /** Waits so many milliseconds, or until the client has gone. */
  readonly wait: (ms: number) => Promise<void>;
  /** Whether parts are messages, which cannot be cut into pieces. */
  readonly messages: boolean;
  /** Whether what the client gets no more is read all the same, so that a recording has it. */
  readonly readsOn: boolean;
}

/** Effects that change a body on its way. */
export type BodyEffect = Extract<
  FaultEffect,
  { type: 'truncate' | 'bandwidth' | 'slice' | 'slowclose' } | { type: 'reset' }
>;

/** Applies effects to a body, one within the other, in the order of the rules. */
export function spoil(effects: readonly BodyEffect[], spoiling: Spoiling): Spoilt {
  return effects.reduce<Spoilt>((so, effect) => spoilBy(effect, { ...spoiling, ...so }), spoiling);
}

function spoilBy(effect: BodyEffect, spoiling: Spoiling): Spoilt {
  const { body, ending, wait } = spoiling;
  switch (effect.type) {
    case 'bandwidth':
      return { ending, body: slowed(partsOf(body), { ...effect, wait }) };
    case 'slice':
      if (spoiling.messages) return spoiling;
      return { ending, body: sliced(partsOf(body), { ...effect, wait }) };
    case 'slowclose':
      return { ending, body: heldBack(partsOf(body), () => wait(effect.ms)) };
    case 'truncate':
      return cutAfter(spoiling, effect.afterBytes, { type: 'cut', by: 'server' });
    case 'reset':
      return cutAfter(spoiling, effect.afterBytes ?? 0, { type: 'reset', by: 'server' });
  }
}

async function* partsOf(body: Body): Parts {
  if (body === undefined) return;
  if (Buffer.isBuffer(body)) yield { atMs: 0, kind: 'data', bytes: body };
  else yield* body;
}

/** Pieces that take about as long as the smallest tick that is worth waiting for. */
const tickMs = 20;

async function* slowed(
  parts: Parts,
  how: { readonly bytesPerSecond: number; readonly wait: Spoiling['wait'] },
): Parts {
  const most = Math.max(1, Math.floor((how.bytesPerSecond * tickMs) / 1000));
  for await (const part of parts) {
    for (const piece of part.kind === 'data' ? piecesOf(part, most) : [part]) {
      await how.wait((piece.bytes.length * 1000) / how.bytesPerSecond);
      yield piece;
    }
  }
}

async function* sliced(
  parts: Parts,
  how: { readonly bytes: number; readonly pauseMs: number; readonly wait: Spoiling['wait'] },
): Parts {
  let first = true;
  for await (const part of parts) {
    for (const piece of piecesOf(part, how.bytes)) {
      if (!first) await how.wait(how.pauseMs);
      first = false;
      yield piece;
    }
  }
}

function* piecesOf(part: Part, most: number): Generator<Part> {
  for (let at = 0; at < part.bytes.length; at += most) {
    yield { ...part, bytes: part.bytes.subarray(at, at + most) };
  }
}

/** The last part waits: with an announced length the client knows the end by its bytes. */
async function* heldBack(parts: Parts, wait: () => Promise<void>): Parts {
  let held: Part | undefined;
  for await (const part of parts) {
    if (held !== undefined) yield held;
    held = part;
  }
  await wait();
  if (held !== undefined) yield held;
}

/**
 * Lets so many bytes through. What follows of an answer is read all the same: a recording is not to
 * have the fault in it. A conversation without its client has nothing more to say.
 */
function cutAfter({ body, ending, readsOn }: Spoiling, bytesMax: number, cut: Ending): Spoilt {
  if (Buffer.isBuffer(body) && body.length < bytesMax) return { body, ending };
  const { promise, resolve } = Promise.withResolvers<Ending>();
  async function* pass(iterator: AsyncIterator<Part>): Parts {
    let left = bytesMax;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      const { bytes } = next.value;
      if (bytes.length >= left) {
        if (left > 0) yield { ...next.value, bytes: bytes.subarray(0, left) };
        resolve(cut);
        if (readsOn) void readOn(iterator);
        else void iterator.return?.();
        return;
      }
      left -= bytes.length;
      yield next.value;
    }
    resolve(ending);
  }
  return { body: pass(partsOf(body)[Symbol.asyncIterator]()), ending: promise };
}

async function readOn(iterator: AsyncIterator<Part>): Promise<void> {
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next());
}
