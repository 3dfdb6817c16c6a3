import type { Ending, Parts } from '../exchange/conversation.ts';
import type { Answer, Outcome } from '../exchange/upstream.ts';
import type { Recorded } from './commit.ts';
import { commit } from './commit.ts';
import { createFrameTap, mergeSession } from './websocket-tap.ts';

/** The answer to pass on for a WebSocket: raw bytes both ways, read by taps, written before its close leaves. */
export function recordSession(recorded: Recorded): Answer {
  const { answer, tap, options } = recorded;
  const { head, body } = answer;
  if (head === undefined || body === undefined || Buffer.isBuffer(body)) return answer;
  const client = createFrameTap('client', head.headers, options.onMessage);
  const server = createFrameTap('server', head.headers, options.onMessage);
  tap.watch((part) => client.take(part));
  let outcome: Outcome = 'forwarded';
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const write = async (ended: Ending | Promise<Ending>): Promise<void> => {
    const session = mergeSession(await client.end(), await server.end(), await ended);
    const written = await commit(recorded, { response: head, ...session });
    outcome = written ? 'recorded' : 'failed';
  };
  async function* pass(parts: Parts): Parts {
    let written = false;
    try {
      for await (const part of parts) {
        await server.take(part);
        if (!written && server.closed()) {
          written = true;
          await write({ type: 'cut', by: 'server' });
        }
        yield part;
      }
    } finally {
      if (!written) await write(answer.ending);
      resolve(answer.ending);
    }
  }
  return {
    ...answer,
    body: pass(body),
    ending: promise,
    get outcome() {
      return outcome;
    },
  };
}
