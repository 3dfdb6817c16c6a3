import { setTimeout as delay } from 'node:timers/promises';
import type { Recording } from '../cassette/cassette.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import type { Exchange, StreamExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { Answer, Offer } from '../exchange/upstream.ts';
import type { Cursors } from './cursors.ts';
import { playStream } from './play-stream.ts';
import { createShelves } from './stream-shelf.ts';

/** What replaying raw streams needs. */
export interface StreamReplay {
  readonly recording: Recording;
  readonly cursors: Cursors;
  /** A client that says something else than the recorded one is reset. */
  readonly strict: boolean;
  /** The name that clients were told an address for. */
  readonly nameOf?: ((address: string) => string | undefined) | undefined;
  readonly onMismatch: (exchange: Exchange, failure: Failure) => void;
}

/** The raw streams of a recording, as an upstream has them. */
export interface ReplayedStreams {
  /** The terms of a destination of which raw streams were recorded. */
  readonly terms: (destination: Destination) => Extract<Offer, { type: 'terms' }> | undefined;
  readonly open: (exchange: StreamExchange) => Promise<Answer>;
}

/** How long a client may take to speak where it is not sure that its server will: as long as intake waits. */
const silenceMs = 250;

/** Answers raw streams from a recording. */
export function replayStreams(options: StreamReplay): ReplayedStreams {
  const { recording, cursors, nameOf } = options;
  const shelves = createShelves(recording);
  return {
    terms(destination) {
      const shelf = shelves.find(destination, nameOf);
      if (shelf === undefined) return undefined;
      const { alpn, serverFirst } = shelf;
      const sure = serverFirst === 'all' && recording.terms(destination) === undefined;
      return {
        type: 'terms',
        ...(alpn !== undefined && { alpn }),
        ...(serverFirst !== 'none' && {
          serverSpoke: sure ? Promise.resolve() : delay(silenceMs, undefined, { ref: false }),
        }),
      };
    },
    async open(exchange) {
      const { destination, untouched } = exchange;
      const shelf = shelves.find(destination, nameOf);
      const answer =
        shelf === undefined || untouched === 'passthrough'
          ? undefined
          : await playStream({
              exchange,
              shelf,
              strict: options.strict,
              onMismatch: (failure) => options.onMismatch(exchange, failure),
              onServed: ({ entry }) => cursors.served(entry),
            });
      if (answer !== undefined) return answer;
      const ending = { type: 'cut', by: 'server' } as const;
      const failure = unrecorded(exchange, shelf?.plays().length ?? 0);
      return { body: undefined, ending, outcome: 'missed', failure };
    },
  };
}

function unrecorded({ destination, untouched }: StreamExchange, recorded: number): Failure {
  const where = authorityOf(destination);
  if (untouched === 'passthrough') {
    return new Failure('PASSTHROUGH_UNRECORDED', `the TLS of ${where} is passed through`);
  }
  const words = `a raw stream to ${where}`;
  if (recorded === 0) return new Failure('UNRECORDED_STREAM', words);
  return new Failure('UNRECORDED_STREAM', `${words}: none of ${recorded} begins like it`);
}
