import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import type { Interaction } from '../exchange/interaction.ts';
import type { Entry, RecordedTerms, Recording } from './cassette.ts';
import { createNeighbours } from './closest.ts';
import { normalisePath, recordedDigest, signatureKey } from './signature.ts';

/** Interactions as something to replay, indexed once by signature. */
export function createRecording(
  content: Pick<Recording, 'name' | 'file' | 'interactions' | 'digest' | 'unfinished'>,
): Recording {
  const bySignature = new Map<string, { readonly key: string; readonly entries: Entry[] }>();
  const connects = new Map<string, Entry[]>();
  const sessions = new Map<string, Entry[]>();
  const known = new Map<string, RecordedTerms>();
  const neighbours = createNeighbours();
  for (const [place, interaction] of content.interactions.entries()) {
    const entry = { interaction, bodyDigest: recordedDigest(interaction), place };
    const { kind, request } = interaction;
    // Answered from the interactions themselves, whoever answers for names or plays raw streams.
    if (kind === 'dns' || kind === 'stream') continue;
    const authority = authorityOf(request.destination);
    if (kind === 'connect') {
      push(connects, authority, entry);
      continue;
    }
    known.set(authority, termsWith(known.get(authority), interaction));
    neighbours.add(entry);
    if (kind === 'websocket') push(sessions, sessionKey(request.destination, request.path), entry);
    const key = signatureKey({ kind, head: request, destination: request.destination });
    const candidates = bySignature.get(key);
    if (candidates === undefined) bySignature.set(key, { key, entries: [entry] });
    else candidates.entries.push(entry);
  }
  return {
    ...content,
    find: (exchange) => bySignature.get(signatureKey(exchange)),
    sessions: (destination, path) => sessions.get(sessionKey(destination, path)) ?? [],
    connects: (destination) => connects.get(authorityOf(destination)) ?? [],
    terms: (destination) => known.get(authorityOf(destination)),
    closest: (request) => neighbours.closest(request),
  };
}

function sessionKey(destination: Destination, path: string): string {
  const scheme = destination.secure ? 'wss' : 'ws';
  return `${scheme} ${authorityOf(destination)}${normalisePath(path).split('?', 1)[0] ?? ''}`;
}

function termsWith(
  terms: RecordedTerms | undefined,
  { kind, request }: Interaction,
): RecordedTerms {
  const http2 = request.httpVersion.startsWith('2');
  return {
    http2: http2 || terms?.http2 === true,
    connectProtocol: (http2 && kind === 'websocket') || terms?.connectProtocol === true,
  };
}

function push(lists: Map<string, Entry[]>, key: string, entry: Entry): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [entry]);
  else list.push(entry);
}
