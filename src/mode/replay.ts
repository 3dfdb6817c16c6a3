import type { Candidates, Entry, Recording } from '../cassette/cassette.ts';
import { bodyDigest } from '../cassette/cassette.ts';
import type { Part } from '../exchange/conversation.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import type { HttpExchange, StreamExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import { headerTokens } from '../exchange/headers.ts';
import type { Answer, Offer, Outcome, Upstream } from '../exchange/upstream.ts';
import type { Rereadable } from '../support/rereadable.ts';
import { isRereadable, rereadable } from '../support/rereadable.ts';
import type { Cursors } from './cursors.ts';
import type { Ensemble } from './ensemble.ts';
import { answerFrom } from './recorded-answer.ts';
import { replaySession } from './replay-session.ts';

/** What a replay needs: the recording, and the cursors of the session it serves. */
export interface ReplayOptions {
  readonly recording: Recording;
  readonly cursors: Cursors;
  /** What its WebSocket sessions have in common. */
  readonly ensemble: Ensemble;
  /** A WebSocket message unlike the recorded one ends the session. */
  readonly strict: boolean;
  /** Request bodies over this many bytes are not compared. */
  readonly bodyBytesMax: number;
  readonly onMismatch: (exchange: HttpExchange, failure: Failure) => void;
}

/** An upstream that answers from a recording and has no way to the network. */
export function replay(options: ReplayOptions): Upstream {
  return {
    offer: (destination) => Promise.resolve(offerFrom(options, destination)),
    async open(exchange) {
      if (exchange.kind === 'stream') return missed(unrecorded(exchange));
      if (exchange.kind === 'websocket') return openSession(options, exchange);
      const candidates = options.recording.find(exchange);
      if (candidates === undefined) return miss(options, exchange);
      const digest = await digestOf(options, exchange);
      const turn = options.cursors.next(`${candidates.key} ${digest}`, () =>
        withBody(candidates, digest),
      );
      if (turn === undefined) return miss(options, exchange, digest);
      options.ensemble.onServed(turn.entry);
      return answerFrom({ ...options, exchange, ...turn });
    },
  };
}

function openSession(options: ReplayOptions, exchange: HttpExchange): Answer {
  const { recording, ensemble, strict, onMismatch } = options;
  const entries = recording.find(exchange)?.entries ?? ensemble.like(exchange);
  const answer = replaySession({ exchange, ensemble, strict, onMismatch }, entries);
  return answer ?? miss(options, exchange);
}

function unrecorded({ destination, untouched }: StreamExchange): Failure {
  const where = authorityOf(destination);
  return untouched === 'passthrough'
    ? new Failure('PASSTHROUGH_UNRECORDED', `the TLS of ${where} is passed through`)
    : new Failure('UNRECORDED_STREAM', `a raw stream to ${where}`);
}

/** A recorded connection failure is due once every exchange recorded before it with this destination was served. */
function offerFrom({ recording, cursors }: ReplayOptions, destination: Destination): Offer {
  const due = recording
    .connects(destination)
    .find((entry) => cursors.connectDue(entry, destination));
  if (due !== undefined) {
    cursors.served(due);
    return ended(due, 'replayed');
  }
  const terms = recording.terms(destination);
  if (terms !== undefined) {
    const { http2, connectProtocol } = terms;
    return { type: 'terms', alpn: http2 ? 'h2' : 'http/1.1', connectProtocol };
  }
  const last = recording.connects(destination).at(-1);
  return last === undefined ? { type: 'unknown' } : ended(last, 'repeated');
}

function ended({ interaction }: Entry, outcome: Outcome): Offer {
  const { ending, timing } = interaction;
  return { type: 'ended', ending, outcome, delayMs: timing.endMs };
}

/** Second step of matching: the entries whose request had this very body. */
function withBody({ entries }: Candidates, digest: string): readonly Entry[] {
  if (digest === anyBody) return entries;
  return entries.filter(
    ({ interaction, bodyDigest: recorded }) =>
      recorded === digest || interaction.request.partial === true,
  );
}

/** Stands for a body that is not compared: over the limit, or a WebSocket's, so that the head alone decides. */
const anyBody = '*';

/** The digest of the request's body, read ahead as far as the limit allows. */
async function digestOf(options: ReplayOptions, exchange: HttpExchange): Promise<string> {
  const { body } = exchange;
  if (body === undefined || Buffer.isBuffer(body)) return bodyDigest(body);
  if (headerTokens(exchange.head.headers, 'expect').includes('100-continue')) {
    exchange.inform({ status: 100, statusText: 'Continue', headers: [], httpVersion: '1.1' });
  }
  if (isRereadable(body)) return digestAhead(body, options.bodyBytesMax);
  const reading = rereadable(body, (part) => part.bytes.length);
  try {
    return await digestAhead(reading, options.bodyBytesMax);
  } finally {
    // Nobody reads it after us.
    await reading.release();
  }
}

async function digestAhead(reading: Rereadable<Part>, bodyBytesMax: number): Promise<string> {
  if (!(await reading.readAhead(bodyBytesMax))) return anyBody;
  return bodyDigest(Buffer.concat(reading.ahead.map((part) => part.bytes)));
}

function miss(options: ReplayOptions, exchange: HttpExchange, digest?: string): Answer {
  const { head, destination } = exchange;
  const detail = `${head.method} ${authorityOf(destination)}${head.path} is not in ${options.recording.name}`;
  const explain = (): Readonly<Record<string, unknown>> => {
    const closest = options.recording.closest({
      head,
      destination,
      ...(digest === undefined || digest === anyBody ? {} : { bodyDigest: digest }),
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
