import type { Resolver } from '../exchange/dns.ts';
import { Failure } from '../exchange/failure.ts';
import type { Upstream } from '../exchange/upstream.ts';
import { plainFinding, writeAnswer } from '../support/dns-finding.ts';
import { journaled } from './journaled.ts';
import type { OpenSession, SessionOptions } from './mode.ts';

/** How a session is opened. */
type Open = (options: SessionOptions) => Promise<OpenSession>;

/**
 * Opens a session, also where its cassette is not there yet: it is then looked for at each exchange,
 * which until it is found fails with CASSETTE_NOT_FOUND. A service of a CI job starts before the files
 * of its job are there. Other failures are thrown, as they are where nothing is waited for.
 */
export async function openWaitingSession(
  options: SessionOptions,
  open: Open,
): Promise<OpenSession> {
  let opened: OpenSession | undefined;
  let opening: Promise<OpenSession | Failure> | undefined;
  const tryToOpen = (): Promise<OpenSession | Failure> => {
    opening ??= openedOr(open(options)).finally(() => {
      opening = undefined;
    });
    return opening;
  };
  const session = async (): Promise<OpenSession | Failure> => {
    const found = opened ?? (await tryToOpen());
    if (!(found instanceof Failure)) opened = found;
    return found;
  };
  const first = await session();
  if (!(first instanceof Failure)) return first;
  if (!isAbsent(first)) throw first;
  return {
    name: options.cassette,
    upstream: waitingUpstream(options, session),
    ...(options.names && { resolver: waitingResolver(session) }),
    acts: 'replay',
    get records() {
      return opened?.records ?? false;
    },
    strict: options.onMiss === 'fail',
    get loaded() {
      return opened?.loaded ?? 0;
    },
    get file() {
      return opened?.file;
    },
    get digest() {
      return opened?.digest ?? null;
    },
    unused: () => opened?.unused() ?? 0,
    unfinished: () => opened?.unfinished() ?? false,
    interactions: () => opened?.interactions() ?? 0,
    failure: () => opened?.failure(),
    close: async () => opened?.close(),
    discard: async () => opened?.discard(),
  };
}

/** Failures that time may mend: the cassette has not come to be there. */
const absent: ReadonlySet<string> = new Set(['CASSETTE_NOT_FOUND', 'RECORDING_REFUSED_IN_CI']);

/** Whether a session could not be opened because there is no cassette yet. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Failure && absent.has(error.code);
}

async function openedOr(opening: Promise<OpenSession>): Promise<OpenSession | Failure> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // Why `auto` does not record instead is of no interest to a client.
    return isAbsent(error) ? new Failure('CASSETTE_NOT_FOUND', error.message) : error;
  }
}

function waitingResolver(session: () => Promise<OpenSession | Failure>): Resolver {
  return {
    resolve: async (question) => {
      const found = await session();
      const resolver = found instanceof Failure ? undefined : found.resolver;
      if (resolver !== undefined) return resolver.resolve(question);
      return {
        message: writeAnswer(question.message, plainFinding('SERVFAIL')),
        outcome: 'missed',
      };
    },
  };
}

function waitingUpstream(
  { journal, onFailure }: SessionOptions,
  session: () => Promise<OpenSession | Failure>,
): Upstream {
  return {
    offer: async (destination, hello) => {
      const found = await session();
      return found instanceof Failure
        ? { type: 'unknown' }
        : found.upstream.offer(destination, hello);
    },
    open: async (exchange) => {
      const found = await session();
      if (!(found instanceof Failure)) return found.upstream.open(exchange);
      onFailure(found, exchange);
      const refusing: Upstream = {
        offer: () => Promise.resolve({ type: 'unknown' }),
        open: () =>
          Promise.resolve({
            body: undefined,
            ending: { type: 'cut', by: 'server' },
            outcome: 'missed',
            failure: found,
          }),
      };
      return journaled(refusing, journal, 'replay').open(exchange);
    },
  };
}
