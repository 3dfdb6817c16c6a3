import type { Body, Part, Parts } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import type { RecordedRequest, RecordedResponse } from '../exchange/interaction.ts';
import { withChanges } from '../exchange/changes.ts';
import type { Keeping } from './keeping.ts';

/** What passes from the client to the server, and the interim heads that come back, kept for the cassette. */
export interface RequestTap {
  /** The exchange to hand on: its body and its interim heads are seen as they pass. */
  readonly exchange: HttpExchange;
  /** The body as far as the server asked for it; without its bytes where those are in a draft. */
  readonly body: () => Pick<RecordedRequest, 'body' | 'trailers' | 'partial'>;
  readonly informational: () => RecordedResponse['informational'];
  /** Shows each part that the client sends after a 101, from the first one on, before it passes. */
  readonly watch: (watcher: Watcher) => void;
}

/** Looks at a part; a promise where the part is to wait for it. */
export type Watcher = (part: Part) => Promise<void> | undefined;

/** Taps an exchange: its body is kept as it passes, as far as that keeps it. */
export function tapRequest(
  exchange: HttpExchange,
  keeping: Pick<Keeping, 'add' | 'body'>,
): RequestTap {
  const interim: { atMs: number; head: Parameters<HttpExchange['inform']>[0] }[] = [];
  const isHttp = exchange.kind === 'http';
  const sent = watchable(isHttp ? exchange.upgraded : exchange.body);
  const tapped = isHttp ? tapBody(exchange.body, keeping) : { ...untapped, passed: sent.passed };
  const inform: HttpExchange['inform'] = (head) => {
    interim.push({ atMs: Math.round(performance.now() - exchange.startedAt), head });
    exchange.inform(head);
  };
  return {
    exchange: withChanges(exchange, {
      body: tapped.passed,
      inform,
      ...(isHttp && sent.passed !== undefined && { upgraded: sent.passed }),
    }),
    watch: sent.watch,
    informational: () => (interim.length === 0 ? undefined : interim),
    body() {
      const { bytes, partial } = tapped.seen();
      const body = bytes === undefined ? {} : { body: bytes };
      if (partial) return { ...body, partial };
      const trailers = exchange.kind === 'http' ? exchange.trailers() : [];
      return { ...body, ...(trailers.length === 0 ? {} : { trailers }) };
    },
  };
}

interface TappedBody {
  readonly passed: Body;
  readonly seen: () => { readonly bytes: Buffer | undefined; readonly partial: boolean };
}

const untapped: TappedBody = {
  passed: undefined,
  seen: () => ({ bytes: undefined, partial: false }),
};

function tapBody(body: Body, keeping: Pick<Keeping, 'add' | 'body'>): TappedBody {
  if (body === undefined || Buffer.isBuffer(body)) {
    return { passed: body, seen: () => ({ bytes: body, partial: false }) };
  }
  let whole = false;
  async function* pass(parts: Parts): Parts {
    for await (const part of parts) {
      const { room } = keeping.add('client', part);
      yield part;
      await room;
    }
    whole = true;
  }
  return {
    passed: pass(body),
    seen() {
      const { bytes, capped } = keeping.body('client');
      // How far a body came that nobody wanted to its end differs from run to run; up to a cap it does not.
      if (!whole && !capped) return { bytes: undefined, partial: true };
      return { bytes, partial: capped };
    },
  };
}

/** A body whose parts are shown to a watcher as they pass; those that passed before it came are shown then. */
function watchable(body: Body): {
  readonly passed: Parts | undefined;
  readonly watch: RequestTap['watch'];
} {
  if (body === undefined || Buffer.isBuffer(body)) return { passed: undefined, watch: () => {} };
  const early: Part[] = [];
  let show: Watcher = (part) => {
    early.push(part);
    return undefined;
  };
  async function* pass(parts: Parts): Parts {
    for await (const part of parts) {
      const wait = show(part);
      if (wait !== undefined) await wait;
      yield part;
    }
  }
  return {
    passed: pass(body),
    watch(watcher) {
      show = watcher;
      for (const part of early.splice(0)) void watcher(part);
    },
  };
}
