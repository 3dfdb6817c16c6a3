import type { Entry, Recording } from '../cassette/cassette.ts';
import { originOf } from '../exchange/destination.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import type { Interaction, RecordedMessage } from '../exchange/interaction.ts';
import type { Cursors } from './cursors.ts';
import type { Leniency } from './message-match.ts';
import { isOptional } from './message-match.ts';
import type { Peers } from './peers.ts';
import { createPeers } from './peers.ts';
import type { RecordedValues } from './recorded-values.ts';
import { createRecordedValues } from './recorded-values.ts';
import type { SessionKey } from './session-key.ts';
import { samePath } from './session-key.ts';
import type { SessionTurns } from './session-turns.ts';
import { createSessionTurns } from './session-turns.ts';
import type { Stage, WebSocketPolicy } from './stage.ts';
import { createStage } from './stage.ts';
import type { SharedValues } from './stand-ins.ts';

/** How WebSockets are replayed. */
export interface WebSocketReplay extends Leniency {
  readonly policy: WebSocketPolicy;
  /** By what sessions of one URL are told apart, the surest first. */
  readonly keys: readonly SessionKey[];
  /** Under `timed`: how long a recorded millisecond takes. */
  readonly pace: number;
  readonly stage: Stage;
}

/** What the sessions of one recording have in common while they are replayed. */
export interface Ensemble extends WebSocketReplay {
  readonly turns: SessionTurns;
  readonly peers: Peers;
  readonly values: RecordedValues;
  readonly shared: SharedValues;
  /** Whether a recorded message of the client is waited for. */
  readonly counts: (message: RecordedMessage) => boolean;
  /** The recorded sessions that may answer a handshake, but for its query's tokens. */
  readonly like: (exchange: HttpExchange) => readonly Entry[];
  /** Told of each request that was answered from the recording. */
  readonly onServed: (entry: Entry) => void;
}

/** How WebSockets are replayed where nothing else is asked for. */
export function usualReplay(): WebSocketReplay {
  const keys: SessionKey[] = [{ by: 'header', name: 'authorization' }, { by: 'message' }];
  return { policy: 'synchronized', keys, pace: 1, stage: createStage(), ignore: [], optional: [] };
}

/** Brings together what the sessions of one recording have in common. */
export function createEnsemble(
  recording: Recording,
  cursors: Pick<Cursors, 'served'>,
  replay: WebSocketReplay = usualReplay(),
): Ensemble {
  const { interactions } = recording;
  const entries = interactions.map((interaction, place): Entry => {
    return { interaction, place, bodyDigest: '' };
  });
  const sessions = entries.filter(({ interaction }) => interaction.kind === 'websocket');
  const turns = createSessionTurns(sessions, cursors.served);
  const counts = rememberedCounts(replay);
  const peers = createPeers(interactions, counts);
  replay.stage.onReset((url) =>
    turns.reset(({ interaction }) => url === undefined || urlOf(interaction) === url),
  );
  return {
    ...replay,
    turns,
    peers,
    values: createRecordedValues(interactions),
    shared: { tokens: new Map() },
    counts,
    like: (exchange) => {
      const { destination, head } = exchange;
      return samePath(recording.sessions(destination, head.path), exchange, replay.keys);
    },
    // Only where somebody may wait for it.
    onServed: sessions.length === 0 ? () => {} : ({ place }) => peers.served(place),
  };
}

/** The URL of a session, as it stands in a cassette. */
export function urlOf({ request }: Pick<Interaction, 'request'>): string {
  return originOf(request.destination, 'websocket') + request.path;
}

/** Pings and pongs are between the framing of both sides; what is optional gates nothing. */
function rememberedCounts(leniency: Leniency): (message: RecordedMessage) => boolean {
  const known = new WeakMap<RecordedMessage, boolean>();
  return (message) => {
    if (message.kind === 'ping' || message.kind === 'pong') return false;
    let does = known.get(message);
    if (does === undefined) {
      does = message.optional !== true && !isOptional(message, leniency);
      known.set(message, does);
    }
    return does;
  };
}
