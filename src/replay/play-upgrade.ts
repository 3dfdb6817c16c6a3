import { clientEnding } from '../exchange/client-left.ts';
import type { Ending, Part, Parts } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import type { Interaction, RecordedMessage } from '../exchange/interaction.ts';
import { mismatchFailure } from './mismatch.ts';
import type { Played, Playing } from './play.ts';
import type { Said } from './sequence.ts';
import { playSequence } from './sequence.ts';

/** A recorded upgrade on its way to a client. */
export interface PlayingUpgrade extends Pick<Playing, 'strict' | 'onMismatch'> {
  readonly interaction: Interaction;
  readonly exchange: HttpExchange;
}

/**
 * Plays the server's side of what followed a 101 other than a WebSocket's: bytes, each piece once as
 * many bytes of the client have come as were recorded before it, however they were cut.
 */
export function playUpgrade(playing: PlayingUpgrade): Played {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  return { parts: conversation(playing, resolve), ending: promise };
}

async function* conversation(playing: PlayingUpgrade, settle: (ending: Ending) => void): Parts {
  const { interaction, exchange, strict, onMismatch } = playing;
  const { ending: recorded, truncated, messages = [], timing } = interaction;
  const client = clientBytes(exchange);
  let ending: Ending | undefined;
  try {
    const steps = playSequence({
      messages,
      headMs: timing.headMs ?? 0,
      hear: client.hear,
      matches: (expected, got) => expected.bytes.equals(got.bytes),
      mismatched(mismatch) {
        onMismatch(mismatchFailure(mismatch));
        return strict;
      },
    });
    let step = await steps.next();
    for (; step.done !== true; step = await steps.next()) {
      const { message, delayMs } = step.value;
      yield { atMs: message.atMs, kind: 'data', bytes: message.bytes, delayMs };
    }
    if (step.value === 'over') {
      // An end of bytes would pass for that of the conversation.
      ending = truncated === undefined ? recorded : { type: 'reset', by: 'server' };
    }
    if (step.value === 'refused') ending = { type: 'reset', by: 'server' };
  } finally {
    settle(ending ?? clientEnding(exchange.signal));
  }
}

/** What the client says, cut to the length that is expected, or where it begins to differ. */
function clientBytes({ upgraded }: HttpExchange): {
  readonly hear: (expected: RecordedMessage | undefined) => Promise<Said | undefined>;
} {
  const parts: AsyncIterator<Part> | undefined = upgraded?.[Symbol.asyncIterator]();
  let unheard: Buffer = Buffer.alloc(0);
  return {
    async hear(expected) {
      const wanted = expected?.bytes ?? Buffer.alloc(1);
      while (unheard.length < wanted.length && begins(wanted, unheard)) {
        const next = await parts?.next();
        // One that leaves amid what is expected of it has left.
        if (next === undefined || next.done === true) return undefined;
        unheard = Buffer.concat([unheard, next.value.bytes]);
      }
      const bytes = unheard.subarray(0, expected === undefined ? unheard.length : wanted.length);
      unheard = unheard.subarray(bytes.length);
      return { kind: 'data', bytes };
    },
  };
}

function begins(whole: Buffer, start: Buffer): boolean {
  return whole.subarray(0, start.length).equals(start);
}
