import type { Body, Ending, Part, Parts, Side } from '../../src/exchange/conversation.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Interaction, RecordedMessage } from '../../src/exchange/interaction.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { grpcFrame } from '../../src/support/grpc-frames.ts';
import type { Asked } from './harness.ts';
import { answer, ask, interaction } from './harness.ts';

export const grpcHeaders: Headers = [
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
];

export const okay: Ending = { type: 'finished', trailers: [['grpc-status', '0']] };

export const method = '/chat.Chat/Talk';

/** The bytes of messages on the wire. */
export function frames(...texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.map((text) =>
      grpcFrame({ kind: 'message', bytes: Buffer.from(text), compressed: false }),
    ),
  );
}

/** A part for each message. */
export async function* said(...texts: readonly string[]): Parts {
  for (const text of texts) yield { atMs: 0, kind: 'data', bytes: frames(text) };
}

/** A gRPC exchange made by hand. */
export function call(body: Body, path = method, headers: Headers = grpcHeaders): Asked {
  return ask({ method: 'POST', path, headers, body });
}

/** An answer of a gRPC server. */
export function callAnswer(what: Partial<Answer>): Answer {
  return answer({ headers: [['content-type', 'application/grpc']], ending: okay, ...what });
}

/** Messages of a recorded call, a millisecond apart: `c:text`, `s:text`, `c.` (the client's end), `head`, `wait`. */
function script(...lines: readonly string[]): Pick<Interaction, 'messages' | 'timing'> {
  const messages: RecordedMessage[] = [];
  let headMs: number | undefined;
  for (const [atMs, line] of lines.entries()) {
    if (line === 'head') headMs = atMs;
    else if (line !== 'wait') messages.push(messageOf(line, atMs));
  }
  return { messages, timing: { ...(headMs === undefined ? {} : { headMs }), endMs: lines.length } };
}

function messageOf(line: string, atMs: number): RecordedMessage {
  const from: Side = line.startsWith('c') ? 'client' : 'server';
  if (line === 'c.') return { from, atMs, kind: 'end', bytes: Buffer.alloc(0) };
  return { from, atMs, kind: 'message', bytes: Buffer.from(line.slice(2)) };
}

/** A recorded call. */
export function recordedCall(
  lines: readonly string[],
  changes: Parameters<typeof interaction>[0] = {},
): Interaction {
  return interaction({
    kind: 'grpc',
    ...script(...lines),
    ending: okay,
    ...changes,
    request: { method: 'POST', path: method, headers: grpcHeaders, ...changes.request },
    ...(lines.includes('head') ? {} : { response: 'none' as const }),
  });
}

/** A client that is driven by hand: its body, and a way to speak, to stop, and to hear. */
export function driven(): { readonly body: Parts; say(text: string): void; stop(): void } {
  const waiting: Part[] = [];
  let over = false;
  let wake = (): void => {};
  async function* body(): Parts {
    for (;;) {
      const part = waiting.shift();
      if (part !== undefined) yield part;
      else if (over) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    body: body(),
    say(text) {
      waiting.push({ atMs: 0, kind: 'data', bytes: frames(text) });
      wake();
    },
    stop() {
      over = true;
      wake();
    },
  };
}
