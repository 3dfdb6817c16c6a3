import type { Recording } from '../../src/cassette/cassette.ts';
import { createRecording } from '../../src/cassette/recording.ts';
import type { Ending } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { DnsFinding } from '../../src/exchange/dns.ts';
import type { Interaction, RecordedLookup } from '../../src/exchange/interaction.ts';
import { lookupRequest } from '../../src/exchange/interaction.ts';
import { found } from '../support/name-server.ts';

const common = { startedAt: '2026-11-20T12:00:00.000Z', sequence: 0, timing: { endMs: 1 } };

/** A recorded question: the addresses that it led to, or a whole finding. */
export function lookup(
  name: string,
  type: string,
  told: readonly string[] | (DnsFinding & Partial<RecordedLookup>),
): Interaction {
  const finding = 'code' in told ? told : found({ name, type }, told, codeOf(told));
  const all: RecordedLookup = { name, type, ...finding };
  const id = `${type} ${name}`;
  return { ...common, id, kind: 'dns', ending: finished, request: lookupRequest(all), lookup: all };
}

function codeOf(addresses: readonly string[]): string {
  return addresses.length === 0 ? 'NXDOMAIN' : 'NOERROR';
}

/** A recorded request to a host, or a connection to it that never came to be. */
export function request(host: string, ending: Ending = finished): Interaction {
  const destination = { host, port: 443, secure: true };
  const asked = { method: 'GET', destination, path: '/', httpVersion: '1.1', headers: [] };
  const kind = ending.type === 'dns' ? 'connect' : 'http';
  return { ...common, id: host, kind, ending, request: asked };
}

/** A recording of some interactions. */
export function recordingOf(interactions: readonly Interaction[]): Recording {
  const file = { name: 'names', file: 'names.json', digest: '', unfinished: false };
  return createRecording({ ...file, interactions });
}
