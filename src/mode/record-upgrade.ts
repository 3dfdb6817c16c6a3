import type { Ending, Parts } from '../exchange/conversation.ts';
import { authorityOf } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import type { ResponseHead } from '../exchange/http.ts';
import type { RecordedMessage, Truncated } from '../exchange/interaction.ts';
import type { Answer, Outcome } from '../exchange/upstream.ts';
import type { Recorded } from './commit.ts';
import { commit } from './commit.ts';

/**
 * The answer to pass on for an upgrade other than a WebSocket's: raw bytes both ways, written at its
 * end. They are kept in memory until then, up to the limit of a body.
 */
export function recordUpgrade(recorded: Recorded): Answer {
  const { answer, tap } = recorded;
  const { head, body } = answer;
  if (head === undefined || body === undefined || Buffer.isBuffer(body)) return answer;
  const said = keepSaid(recorded);
  tap.watch(({ atMs, bytes }) => said.add({ from: 'client', atMs, kind: 'data', bytes }));
  let outcome: Outcome = 'forwarded';
  const { promise, resolve } = Promise.withResolvers<Ending>();
  async function* pass(parts: Parts, granted: ResponseHead): Parts {
    try {
      for await (const part of parts) {
        said.add({ from: 'server', atMs: part.atMs, kind: 'data', bytes: part.bytes });
        yield part;
      }
    } finally {
      const ending = await answer.ending;
      const informational = tap.informational();
      const response = { ...granted, ...(informational !== undefined && { informational }) };
      outcome = await commit(recorded, { response, ending, ...said.kept() });
      resolve(outcome === 'failed' ? { type: 'cut', by: 'server' } : ending);
    }
  }
  return {
    ...answer,
    body: pass(body, head),
    ending: promise,
    get outcome() {
      return outcome;
    },
    get truncated() {
      return said.kept().truncated;
    },
  };
}

/** What both sides have said, until it is more than a body may have. */
function keepSaid({ options, exchange }: Recorded): {
  readonly add: (message: RecordedMessage) => undefined;
  readonly kept: () => {
    readonly messages: readonly RecordedMessage[];
    readonly truncated?: Truncated;
  };
} {
  const messages: RecordedMessage[] = [];
  let size = 0;
  return {
    add(message) {
      const before = size;
      size += message.bytes.length;
      if (size <= options.bodyBytesMax) messages.push(message);
      else if (before <= options.bodyBytesMax) {
        const where = `an upgraded connection to ${authorityOf(exchange.destination)}`;
        const words = `${where} passes ${options.bodyBytesMax} bytes`;
        options.onUnrecorded(exchange, new Failure('BODY_TOO_LARGE', words));
      }
      return undefined;
    },
    kept: () => ({ messages, ...(size > options.bodyBytesMax && { truncated: 'size' }) }),
  };
}
