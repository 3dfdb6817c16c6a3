import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CassetteLibrary } from '../../src/cassette/cassette.ts';
import { openLibrary } from '../../src/cassette/cassette.ts';
import type { Body, Ending, Part, Parts } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Destination } from '../../src/exchange/destination.ts';
import type { Exchange, HttpExchange } from '../../src/exchange/exchange.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { ResponseHead } from '../../src/exchange/http.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import type { Answer, Upstream } from '../../src/exchange/upstream.ts';
import type { RecordOptions } from '../../src/record/commit.ts';
import { draftStart } from '../../src/record/commit.ts';
import { Keeping } from '../../src/record/keeping.ts';
import type { RequestTap } from '../../src/record/request-tap.ts';
import { tapRequest } from '../../src/record/request-tap.ts';
import type { Failure } from '../../src/exchange/failure.ts';
import { createDraft } from '../cassette/memory-draft.ts';

export const destination: Destination = { host: 'far.test', port: 80, secure: false };

/** An exchange made by hand, what was told to its client, and a way for the client to go. */
export interface Asked {
  readonly exchange: HttpExchange;
  readonly informed: ResponseHead[];
  readonly leave: (ending: Ending) => void;
}

let count = 0;

/** Makes an exchange; a GET of `/` where nothing else is asked for. */
export function ask(
  what: {
    readonly kind?: HttpExchange['kind'];
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Headers;
    readonly body?: Body;
    readonly trailers?: Headers;
    readonly destination?: Destination;
  } = {},
): Asked {
  const controller = new AbortController();
  const informed: ResponseHead[] = [];
  count += 1;
  const exchange: HttpExchange = {
    id: `t${count}`,
    kind: what.kind ?? 'http',
    destination: what.destination ?? destination,
    startedAt: performance.now(),
    head: {
      method: what.method ?? 'GET',
      path: what.path ?? '/',
      headers: what.headers ?? [],
      httpVersion: '1.1',
    },
    body: what.body,
    trailers: () => what.trailers ?? [],
    inform: (head) => informed.push(head),
    signal: controller.signal,
  };
  return { exchange, informed, leave: (ending) => controller.abort(ending) };
}

/** A raw stream made by hand. */
export function askStream(body?: Body): Exchange {
  const { id, startedAt, signal } = ask().exchange;
  return { kind: 'stream', id, startedAt, signal, destination, body };
}

/** An upstream written by hand that remembers what it was asked. */
export function upstreamOf(
  open: (exchange: Exchange) => Answer | Promise<Answer>,
  offer: Upstream['offer'] = () => Promise.resolve({ type: 'terms' }),
): Upstream & { readonly asked: Exchange[] } {
  const asked: Exchange[] = [];
  return {
    asked,
    offer,
    open: async (exchange) => {
      asked.push(exchange);
      return open(exchange);
    },
  };
}

/** An answer of the network. */
export function answer(what: Partial<Answer> & { readonly headers?: Headers } = {}): Answer {
  const { headers = [], ...rest } = what;
  return {
    head: { status: 200, statusText: 'OK', httpVersion: '1.1', headers },
    body: undefined,
    ending: finished,
    outcome: 'forwarded',
    ...rest,
  };
}

/** The answer of a network that ended before a head came. */
export function lost(ending: Ending): Answer {
  return { body: undefined, ending, outcome: 'forwarded' };
}

export function part(text: string, kind: Part['kind'] = 'data', more: Partial<Part> = {}): Part {
  return { atMs: 0, kind, bytes: Buffer.from(text, 'latin1'), ...more };
}

/** Parts of a body, one for each text. */
export async function* parts(...texts: readonly string[]): Parts {
  for (const text of texts) yield part(text);
}

/** A body whose ending settles as the contract has it: only after it was read to its end, or let go. */
export function settling(
  source: Parts,
  ending: Ending,
  letGo: Ending = { type: 'cut', by: 'client' },
): Pick<Answer, 'body' | 'ending'> {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  async function* pass(): Parts {
    let whole = false;
    try {
      yield* source;
      whole = true;
    } finally {
      resolve(whole ? ending : letGo);
    }
  }
  return { body: pass(), ending: promise };
}

/** Everything that a body has to say. */
export async function read(body: Body): Promise<string> {
  if (body === undefined) return '(absent)';
  if (Buffer.isBuffer(body)) return body.toString('latin1');
  let text = '';
  for await (const { bytes } of body) text += bytes.toString('latin1');
  return text;
}

/** A log in memory, and the recording options that write to it. */
export function memoryLog(changes: Partial<RecordOptions> = {}): {
  readonly options: RecordOptions;
  readonly written: Interaction[];
  readonly unrecorded: Failure[];
} {
  const written: Interaction[] = [];
  const unrecorded: Failure[] = [];
  let sequence = 0;
  const append = async (one: Interaction): Promise<void> => void written.push(one);
  return {
    written,
    unrecorded,
    options: {
      append,
      begin: (start) => createDraft(start, changes.append ?? append),
      nextSequence: () => sequence++,
      recordsStreams: true,
      bodyBytesMax: 1000,
      streamMsMax: 60_000,
      cutUnwritten: false,
      onMessage: () => {},
      onUnrecorded: (_exchange, failure) => unrecorded.push(failure),
      ...changes,
    },
  };
}

/** What is kept of an exchange, and the tap on it, as `record` has them. */
export function tapped(
  exchange: HttpExchange,
  options: Partial<RecordOptions> = {},
): { readonly keeping: Keeping; readonly tap: RequestTap } {
  const { options: all } = memoryLog(options);
  const keeping = new Keeping(all, exchange, () => draftStart({ exchange, sequence: 0, tap }));
  const tap = tapRequest(exchange, keeping);
  return { keeping, tap };
}

/** A folder of cassettes for one test. */
export interface Shelf {
  readonly library: CassetteLibrary;
  readonly directory: string;
  readonly warnings: readonly string[];
  readonly files: () => Promise<readonly string[]>;
}

/** Runs a body with a library in a folder of its own. */
export async function withShelf(body: (shelf: Shelf) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'magneto-mode-'));
  const warnings: string[] = [];
  const library = openLibrary({
    directory,
    format: 'json',
    fsync: 'interval',
    warn: (line) => warnings.push(line),
  });
  try {
    await body({ library, directory, warnings, files: () => readdir(directory) });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** An interaction: GET of far.test, answered with 200, where nothing else is asked for. */
export function interaction(
  changes: Partial<Omit<Interaction, 'request' | 'response'>> & {
    readonly request?: Partial<Interaction['request']>;
    readonly response?: Partial<Interaction['response']> | 'none';
  } = {},
): Interaction {
  const { request, response, ...rest } = changes;
  const sequence = rest.sequence ?? 0;
  return {
    id: `i${sequence}`,
    kind: 'http',
    startedAt: '2026-01-01T00:00:00.000Z',
    sequence,
    request: {
      method: 'GET',
      destination,
      path: '/',
      httpVersion: '1.1',
      headers: [],
      ...request,
    },
    ...(response === 'none'
      ? {}
      : {
          response: {
            status: 200,
            statusText: 'OK',
            httpVersion: '1.1',
            headers: [],
            ...response,
          },
        }),
    timing: { headMs: 1, endMs: 2 },
    ending: finished,
    ...rest,
  };
}

/** Waits until a condition holds; fails after ten seconds with what was waited for. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
