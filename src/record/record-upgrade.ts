import type { Ending, Parts } from '../exchange/conversation.ts';
import { authorityOf } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import type { ResponseHead } from '../exchange/http.ts';
import type { RecordedMessage, Truncated } from '../exchange/interaction.ts';
import type { Answer, Outcome } from '../exchange/upstream.ts';
import type { Committed, Recorded } from './commit.ts';
import { commit } from './commit.ts';
import { limitTime } from './recording-time.ts';

/**
 * The answer to pass on for an upgrade other than a WebSocket's: raw bytes both ways, written at its
 * end, or when their time is up. They are kept in memory until then, up to the limit of a body.
 */
export function recordUpgrade(recorded: Recorded): Answer {
  const { answer, tap } = recorded;
  const { head, body } = answer;
  if (head === undefined || body === undefined || Buffer.isBuffer(body)) return answer;
  const said = keepSaid(recorded, head);
  tap.watch(({ atMs, bytes }) => said.add({ from: 'client', atMs, kind: 'data', bytes }));
  let outcome: Outcome = 'forwarded';
  const { promise, resolve } = Promise.withResolvers<Ending>();
  async function* pass(parts: Parts): Parts {
    try {
      for await (const part of parts) {
        said.add({ from: 'server', atMs: part.atMs, kind: 'data', bytes: part.bytes });
        yield part;
      }
    } finally {
      const ending = await answer.ending;
      outcome = await said.write(ending);
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
    get truncated() {
      return said.truncated();
    },
  };
}

interface Kept {
  readonly add: (message: RecordedMessage) => undefined;
  readonly truncated: () => Truncated | undefined;
  /** Writes it with its ending, once. */
  readonly write: (ending: Ending) => Promise<Committed>;
}

/** What both sides have said, until it is more than a body may have, or takes too long. */
function keepSaid(recorded: Recorded, granted: ResponseHead): Kept {
  const { options, exchange, tap, keeping } = recorded;
  const where = `an upgraded connection to ${authorityOf(exchange.destination)}`;
  const messages: RecordedMessage[] = [];
  let size = 0;
  let truncated: Truncated | undefined;
  let written: Promise<Committed> | undefined;
  const truncate = (why: Truncated, failure: Failure): void => {
    if (truncated !== undefined) return;
    truncated = why;
    options.onUnrecorded(exchange, failure);
  };
  const write: Kept['write'] = (ending) => {
    unlimit();
    const informational = tap.informational();
    const response = { ...granted, ...(informational !== undefined && { informational }) };
    const cut = truncated === undefined ? {} : { truncated };
    written ??= commit(recorded, { response, ending, messages, ...cut });
    return written;
  };
  const unlimit = limitTime({
    startedAt: exchange.startedAt,
    streamMsMax: options.streamMsMax,
    what: where,
    onUp(failure) {
      truncate('time', failure);
      void write({ type: 'cut', by: 'server' });
    },
  });
  // What follows the 101 is kept here.
  keeping.close();
  return {
    add(message) {
      size += message.bytes.length;
      if (size > options.bodyBytesMax) {
        const words = `${where} passes ${options.bodyBytesMax} bytes`;
        truncate('size', new Failure('BODY_TOO_LARGE', words));
      }
      if (truncated === undefined) messages.push(message);
      return undefined;
    },
    truncated: () => truncated,
    write,
  };
}
