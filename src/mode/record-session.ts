import type { Ending, Parts } from '../exchange/conversation.ts';
import { Failure } from '../exchange/failure.ts';
import type { Answer, Outcome } from '../exchange/upstream.ts';
import type { Recorded } from './commit.ts';
import { commit } from './commit.ts';
import type { FrameTap } from './websocket-tap.ts';
import { createFrameTap, mergeSession } from './websocket-tap.ts';

/** The answer to pass on for a WebSocket: raw bytes both ways, read by taps, written before its close leaves. */
export function recordSession(recorded: Recorded): Answer {
  const { answer, tap, options } = recorded;
  const { head, body } = answer;
  if (head === undefined || body === undefined || Buffer.isBuffer(body)) return answer;
  const tapOptions = { accepted: head.headers, bytesMax: options.bodyBytesMax };
  const client = createFrameTap('client', tapOptions, options.onMessage);
  const server = createFrameTap('server', tapOptions, options.onMessage);
  tap.watch((part) => void client.take(part));
  let outcome: Outcome = 'forwarded';
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const write = async (ended: Ending): Promise<void> => {
    outcome = await commitSession(recorded, { client, server, ended });
  };
  async function* pass(parts: Parts): Parts {
    let written = false;
    try {
      for await (const part of parts) {
        await server.take(part);
        if (!written && server.closed()) {
          written = true;
          await write({ type: 'cut', by: 'server' });
          if (outcome === 'failed') return;
        }
        yield part;
      }
    } finally {
      const ending = await answer.ending;
      if (!written) await write(ending);
      resolve(outcome === 'failed' ? { type: 'cut', by: 'server' } : ending);
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

async function commitSession(
  recorded: Recorded,
  sides: { readonly client: FrameTap; readonly server: FrameTap; readonly ended: Ending },
): Promise<Outcome> {
  const { options, exchange, answer } = recorded;
  const [client, server] = [await sides.client.end(), await sides.server.end()];
  if (client.messages === undefined || server.messages === undefined) {
    const words = `the messages of one side pass ${options.bodyBytesMax} bytes`;
    const where = `a WebSocket session with ${exchange.destination.host}`;
    options.onUnrecorded(exchange, new Failure('BODY_TOO_LARGE', `${where}: ${words}`));
    return 'forwarded';
  }
  const session = mergeSession(client, server, sides.ended);
  const response = answer.head;
  return commit(recorded, { ...(response === undefined ? {} : { response }), ...session });
}
