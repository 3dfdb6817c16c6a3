import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import { isGrpc } from '../exchange/grpc.ts';
import type { RequestHead } from '../exchange/http.ts';
import { asksForWebSocket } from '../exchange/http.ts';
import type { Interaction, InteractionKind } from '../exchange/interaction.ts';
import type { Closest, Difference, Entry, SoughtInVain } from './cassette.ts';
import { anyBody, normalisePath, parameterName } from './signature.ts';

/** A bucket keeps no more, so that a miss costs the same in a cassette of any size. */
const candidatesMax = 200;

/** Differences beyond this number are not told. */
const differencesMax = 20;

/** Entries by where they went, for misses: the same host, port and path, else the same host. */
export interface Neighbours {
  add(entry: Entry): void;
  closest(request: SoughtInVain): Closest | undefined;
}

/** Makes an empty index of neighbours. */
export function createNeighbours(): Neighbours {
  const byPath = new Map<string, Entry[]>();
  const byHost = new Map<string, Entry[]>();
  return {
    add: (entry) => {
      const { destination, path } = entry.interaction.request;
      keep(byPath, pathKey(destination, path), entry);
      keep(byHost, destination.host, entry);
    },
    closest: (request) => {
      const { destination, head } = request;
      const near = byPath.get(pathKey(destination, head.path)) ?? byHost.get(destination.host);
      return near === undefined ? undefined : nearest(request, near);
    },
  };
}

function keep(buckets: Map<string, Entry[]>, key: string, entry: Entry): void {
  const bucket = buckets.get(key);
  if (bucket === undefined) buckets.set(key, [entry]);
  else if (bucket.length < candidatesMax) bucket.push(entry);
}

function pathKey(destination: Destination, path: string): string {
  return `${authorityOf(destination)}${splitPath(path).path}`;
}

function nearest(request: SoughtInVain, entries: readonly Entry[]): Closest | undefined {
  let best: { closest: Closest; cost: number } | undefined;
  for (const entry of entries) {
    const differences = differencesOf(request, entry);
    const cost = costOf(request, entry.interaction, differences);
    if (best === undefined || cost < best.cost) {
      best = { closest: { interaction: entry.interaction, differences }, cost };
    }
  }
  if (best === undefined) return undefined;
  const { interaction, differences } = best.closest;
  return { interaction, differences: differences.slice(0, differencesMax) };
}

function kindOf(head: RequestHead): InteractionKind {
  if (isGrpc(head.headers)) return 'grpc';
  return asksForWebSocket(head) ? 'websocket' : 'http';
}

function differencesOf(request: SoughtInVain, entry: Entry): Difference[] {
  const { interaction } = entry;
  const recorded = interaction.request;
  const kind = kindOf(request.head);
  const pairs: [field: string, recorded: string, got: string][] = [
    ['kind', interaction.kind, kind],
    ['scheme', scheme(recorded.destination), scheme(request.destination)],
    ['host', recorded.destination.host, request.destination.host],
    ['port', String(recorded.destination.port), String(request.destination.port)],
    ['method', recorded.method, request.head.method],
    ['path', splitPath(recorded.path).path, splitPath(request.head.path).path],
  ];
  return [
    ...pairs
      .filter(([, was, is]) => was !== is)
      .map(([field, was, is]) => ({ field, recorded: was, got: is })),
    ...queryDifferences(splitPath(recorded.path).query, splitPath(request.head.path).query),
    ...bodyDifference(request, entry),
  ];
}

function scheme(destination: Destination): string {
  return destination.secure ? 'https' : 'http';
}

function splitPath(written: string): { readonly path: string; readonly query: string } {
  const path = normalisePath(written);
  const query = path.indexOf('?');
  return query === -1
    ? { path, query: '' }
    : { path: path.slice(0, query), query: path.slice(query + 1) };
}

const absent = '(absent)';

function queryDifferences(recorded: string, got: string): Difference[] {
  if (recorded === got) return [];
  const [was, is] = [valuesByName(recorded), valuesByName(got)];
  const differences: Difference[] = [];
  for (const name of new Set([...was.keys(), ...is.keys()])) {
    const [before, now] = [was.get(name) ?? absent, is.get(name) ?? absent];
    if (before !== now) {
      differences.push({ field: `query.${name}`, recorded: before, got: now });
    }
  }
  // `?a` against `?a=`: the same values, but not the same text.
  return differences.length > 0 ? differences : [{ field: 'query', recorded, got }];
}

function valuesByName(query: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const parameter of query === '' ? [] : query.split('&')) {
    const name = parameterName(parameter);
    const value = parameter.slice(name.length + 1);
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  return values;
}

function bodyDifference(request: SoughtInVain, entry: Entry): Difference[] {
  const got = request.bodyDigest;
  if (got === undefined || entry.bodyDigest === anyBody || entry.bodyDigest === got) return [];
  return [{ field: 'body', recorded: digestWords(entry.bodyDigest), got: digestWords(got) }];
}

function digestWords(digest: string): string {
  return digest === '' ? '(empty)' : `sha256:${digest}`;
}

const costs: Readonly<Record<string, number>> = {
  kind: 12,
  scheme: 6,
  host: 40,
  port: 8,
  method: 10,
  body: 3,
};

function costOf(
  request: SoughtInVain,
  interaction: Interaction,
  differences: readonly Difference[],
): number {
  let cost = 0;
  for (const { field } of differences) {
    if (field === 'path') cost += pathCost(interaction.request.path, request.head.path);
    else cost += costs[field] ?? 4;
  }
  return cost;
}

/** Paths that share their first segments are near: 20 for nothing in common, towards 0. */
function pathCost(recorded: string, got: string): number {
  const was = splitPath(recorded).path.split('/');
  const is = splitPath(got).path.split('/');
  let shared = 0;
  while (shared < was.length && was[shared] === is[shared]) shared += 1;
  return 20 * (1 - shared / Math.max(was.length, is.length));
}
