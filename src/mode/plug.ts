import type { DraftStart, Recording, Take } from '../cassette/cassette.ts';
import type { Resolver } from '../exchange/dns.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import type { Upstream } from '../exchange/upstream.ts';
import { capturedNames } from './captured-names.ts';
import type { Cursors } from '../replay/replay.ts';
import { createEnsemble, replay } from '../replay/replay.ts';
import { either } from './either.ts';
import type { Plan, SessionOptions } from './mode.ts';
import { byName, eitherName } from './names.ts';
import type { OpenDrafts } from '../record/record.ts';
import { record, reflected, withoutRepeatedChecks } from '../record/record.ts';
import { recordNames } from './record-names.ts';
import type { RecordedNames } from './replay-names.ts';
import { replayNames } from './replay-names.ts';
import { withoutAlternatives } from './without-alternatives.ts';

/** What a plan is plugged together from. */
export interface Parts {
  readonly options: SessionOptions;
  readonly plan: Plan;
  readonly recording: Recording | undefined;
  readonly cursors: Cursors | undefined;
  readonly take: Take | undefined;
  readonly drafts: OpenDrafts | undefined;
  /** The place that the next exchange will have. */
  next: number;
}

/** What clients are answered by. */
export interface Plugged {
  readonly upstream: Upstream;
  readonly resolver: Resolver | undefined;
  /** Resolves when nothing is under way that a take is not to end without. */
  readonly settled?: () => Promise<void>;
}

/** The upstream and the resolver of a plan: the one place where they and the modes meet. */
export function plug(parts: Parts): Plugged {
  const { names } = parts.options;
  const plugged = plugPlan(parts);
  if (names === undefined || plugged.resolver === undefined) return plugged;
  // Around all else: what is recorded is what was sent.
  return {
    ...plugged,
    upstream: withoutAlternatives(plugged.upstream),
    resolver: capturedNames(plugged.resolver, names.ipv6),
  };
}

function plugPlan(parts: Parts): Plugged {
  const { options, plan, recording, cursors } = parts;
  const live = livePlug(parts);
  if (recording === undefined || cursors === undefined) return live;
  const names: RecordedNames | undefined =
    options.names && replayNames({ recording, cursors, ...options.names });
  const recorded = replay({
    recording,
    cursors,
    ensemble: createEnsemble(recording, cursors, options.websockets),
    strict: plan.onMiss === 'fail',
    bodyBytesMax: options.bodyBytesMax,
    nameOf: names?.nameOf,
    ...(options.grpc?.ignoring && { ignoring: options.grpc.ignoring }),
    onMismatch: (exchange, failure) => options.onFailure(failure, exchange),
    onFailure: (exchange, failure) => options.onFailure(failure, exchange),
  });
  if (plan.onMiss === 'fail') return { upstream: recorded, resolver: names };
  if (names === undefined || live.resolver === undefined) {
    return { ...live, upstream: either(recorded, live.upstream) };
  }
  return {
    ...live,
    upstream: either(recorded, byName(live.upstream, names.nameOf)),
    resolver: eitherName(names, live.resolver),
  };
}

/** The network, recorded where the plan writes. */
function livePlug(parts: Parts): Plugged {
  const { options, recording, take, drafts } = parts;
  const { network, names, bodyBytesMax, streamMsMax, cutUnwritten, journal, onFailure } = options;
  if (take === undefined) return { upstream: network, resolver: names?.resolver };
  const writing = {
    append: withoutRepeatedChecks((interaction: Interaction) => take.append(interaction)),
    begin: (start: DraftStart) => (drafts ?? take).begin(start),
    onUnrecorded: (exchange: Pick<Exchange, 'destination'>, failure: Failure) =>
      onFailure(failure, exchange),
  };
  const { learn } = options.grpc ?? {};
  const asked = learn === undefined ? undefined : reflected(network, learn);
  const upstream = record(asked?.upstream ?? network, {
    ...writing,
    nextSequence: () => parts.next++,
    recordsStreams: options.recordsStreams ?? false,
    bodyBytesMax,
    streamMsMax,
    cutUnwritten,
    onMessage: journal.message,
  });
  const resolver =
    names &&
    recordNames(names.resolver, {
      ...writing,
      placeOfNext: () => parts.next,
      recorded: recording?.interactions ?? [],
    });
  return { upstream, resolver, ...(asked && { settled: asked.settled }) };
}
