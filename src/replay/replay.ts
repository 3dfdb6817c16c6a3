import type { Candidates, Entry, Recording } from '../cassette/cassette.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import type { Exchange, HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import { isGrpc } from '../exchange/grpc.ts';
import { headerValue } from '../exchange/headers.ts';
import type { Answer, Offer, Outcome, Upstream } from '../exchange/upstream.ts';
import type { Cursors } from './cursors.ts';
import type { Ensemble } from './ensemble.ts';
import type { GrpcComparing } from './grpc-client.ts';
import { cutRange } from './range.ts';
import { answerFrom } from './recorded-answer.ts';
import { replayGrpc } from './replay-grpc.ts';
import { replaySession } from './replay-session.ts';
import { answerFromFile } from './stored-answer.ts';
import type { ReplayedStreams } from './replay-stream.ts';
import { replayStreams } from './replay-stream.ts';
import { requestDigest, withBody } from './request-digest.ts';
import { otherVariant, sameVariant, variantKey, variantOf } from './variant.ts';

export { createCursors } from './cursors.ts';
export type { Cursors } from './cursors.ts';
export { createEnsemble } from './ensemble.ts';
export type { WebSocketReplay } from './ensemble.ts';
export { createStage } from './stage.ts';
export type { Stage } from './stage.ts';

/** What a replay needs: the recording, and the cursors of the session it serves. */
export interface ReplayOptions {
  readonly recording: Recording;
  readonly cursors: Cursors;
  /** What its WebSocket sessions have in common. */
  readonly ensemble: Ensemble;
  /** What a client says in a WebSocket or a raw stream unlike the recorded ends it. */
  readonly strict: boolean;
  /** Request bodies over this many bytes are not compared. */
  readonly bodyBytesMax: number;
  readonly onMismatch: (exchange: Exchange, failure: Failure) => void;
  /** Told of what the cassette should have, and has not. */
  readonly onFailure: (exchange: Exchange, failure: Failure) => void;
  /** The name that clients were told an address for. */
  readonly nameOf?: ((address: string) => string | undefined) | undefined;
  /** A request of a gRPC method without the fields that do not count. */
  readonly ignoring?: GrpcComparing['ignoring'];
}

/** An upstream that answers from a recording and has no way to the network. */
export function replay(options: ReplayOptions): Upstream {
  const streams = replayStreams(options);
  return {
    offer: (destination) => Promise.resolve(offerFrom(options, destination, streams)),
    async open(exchange) {
      if (exchange.kind === 'stream') return streams.open(exchange);
      if (exchange.kind === 'websocket') return openSession(options, exchange);
      if (isGrpc(exchange.head.headers)) return call(options, exchange);
      const candidates = options.recording.find(exchange);
      if (candidates === undefined) return miss(options, exchange);
      const { bodyBytesMax } = options;
      const { entries } = candidates;
      const digest = await requestDigest({ exchange, entries, bodyBytesMax });
      const found = answerTo(options, exchange, { candidates, digest });
      return found === undefined ? miss(options, exchange, digest) : fromFile(options, found);
    },
  };
}

function openSession(options: ReplayOptions, exchange: HttpExchange): Answer {
  const { recording, ensemble, strict, onMismatch } = options;
  const entries = recording.find(exchange)?.entries ?? ensemble.like(exchange);
  const answer = replaySession({ exchange, ensemble, strict, onMismatch }, entries);
  return answer ?? miss(options, exchange);
}

async function call(options: ReplayOptions, exchange: HttpExchange): Promise<Answer> {
  const { head, destination } = exchange;
  const candidates = options.recording.find({ kind: 'grpc', head, destination });
  if (candidates === undefined) return miss(options, exchange);
  const { bodyBytesMax: bytesMax, ignoring } = options;
  const comparing = { bytesMax, ...(ignoring && { ignoring }) };
  const answer = await replayGrpc({ ...options, exchange, candidates, comparing });
  return answer ?? miss(options, exchange);
}

/** A recorded connection failure is due once every exchange recorded before it with this destination was served. */
function offerFrom(
  { recording, cursors }: ReplayOptions,
  destination: Destination,
  streams: ReplayedStreams,
): Offer {
  const due = recording
    .connects(destination)
    .find((entry) => cursors.connectDue(entry, destination));
  if (due !== undefined) {
    cursors.served(due);
    return ended(due, 'replayed');
  }
  const stream = streams.terms(destination);
  const terms = recording.terms(destination);
  if (terms !== undefined) {
    const { http2, connectProtocol } = terms;
    return { type: 'terms', ...stream, alpn: http2 ? 'h2' : 'http/1.1', connectProtocol };
  }
  if (stream !== undefined) return stream;
  const last = recording.connects(destination).at(-1);
  return last === undefined ? { type: 'unknown' } : ended(last, 'repeated');
}

function ended({ interaction }: Entry, outcome: Outcome): Offer {
  const { ending, timing } = interaction;
  return { type: 'ended', ending, outcome, delayMs: timing.endMs };
}

/** An answer, and the interaction that it was made of. */
interface Found {
  readonly exchange: HttpExchange;
  readonly answer: Answer;
  readonly entry: Entry;
}

/** One whose body lies in a file of its own has to be looked for there. */
function fromFile(options: ReplayOptions, found: Found): Answer | Promise<Answer> {
  const { exchange, answer, entry } = found;
  const stored = entry.interaction.response?.stored;
  if (stored === undefined) return answer;
  const onFailure = (failure: Failure): void => options.onFailure(exchange, failure);
  return answerFromFile({ exchange, answer, stored, onFailure });
}

interface Asked {
  readonly candidates: Candidates;
  readonly digest: string;
}

/**
 * What was recorded for this request: of those with its body the ones that asked for the very same
 * range; else a range that is cut out of a longer one; else what any request of its kind was told.
 */
function answerTo(
  options: ReplayOptions,
  exchange: HttpExchange,
  { candidates, digest }: Asked,
): Found | undefined {
  const { cursors, ensemble } = options;
  const asked = variantOf(exchange.head);
  const fitting = (): readonly Entry[] => withBody(candidates.entries, digest);
  const key = `${candidates.key} ${digest}`;
  const turn = cursors.next(`${key}${variantKey(asked)}`, () => sameVariant(fitting(), asked));
  if (turn !== undefined) {
    ensemble.onServed(turn.entry);
    return { exchange, answer: answerFrom({ ...options, exchange, ...turn }), entry: turn.entry };
  }
  for (const entry of asked.range === '' ? [] : fitting()) {
    const cut = cutRange(entry.interaction, exchange.head.headers);
    if (cut === undefined) continue;
    cursors.served(entry);
    ensemble.onServed(entry);
    return { exchange, answer: cut, entry };
  }
  // One cursor for all that nobody recorded: a client could make up any number of them.
  const other = cursors.next(`${key} other ${asked.conditional}`, () =>
    otherVariant(fitting(), asked),
  );
  if (other === undefined) return undefined;
  ensemble.onServed(other.entry);
  return { exchange, answer: answerFrom({ ...options, exchange, ...other }), entry: other.entry };
}

function miss(options: ReplayOptions, exchange: HttpExchange, digest?: string): Answer {
  const { head, destination } = exchange;
  const range = headerValue(head.headers, 'range');
  const what = `${head.method} ${authorityOf(destination)}${head.path}${range === undefined ? '' : ` (Range: ${range})`}`;
  const detail = `${what} is not in ${options.recording.name}`;
  const explain = (): Readonly<Record<string, unknown>> => {
    const closest = options.recording.closest({
      head,
      destination,
      ...(digest === undefined || /^[*#]/.test(digest) ? {} : { bodyDigest: digest }),
    });
    if (closest === undefined) return {};
    const { id, request } = closest.interaction;
    return {
      closest: { id, method: request.method, path: request.path, differences: closest.differences },
    };
  };
  return missed(new Failure('NO_MATCHING_INTERACTION', detail, { explain }));
}

function missed(failure: Failure): Answer {
  return { body: undefined, ending: { type: 'cut', by: 'server' }, outcome: 'missed', failure };
}
