import { Failure } from '../exchange/failure.ts';
import type { DnsAnswer } from '../exchange/dns.ts';
import type { Upstream } from '../exchange/upstream.ts';
import { journaled } from './journaled.ts';
import type { OpenSession, SessionOptions } from './mode.ts';

/** How a session is opened. */
export type Open = (options: SessionOptions) => Promise<OpenSession>;

/**
 * Opens a session; where there is nothing to replay, one that opens at the first exchange after the
 * cassette has come to be there, and until then refuses with CASSETTE_NOT_FOUND what comes.
 * @throws Failure whatever opening throws, but for CASSETTE_NOT_FOUND
 */
export async function openWhenThere(options: SessionOptions, open: Open): Promise<OpenSession> {
  try {
    return await open(options);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'CASSETTE_NOT_FOUND') throw error;
    return waiting(options, open);
  }
}

function waiting(options: SessionOptions, openNow: Open): OpenSession {
  let opened: OpenSession | undefined;
  let opening: Promise<OpenSession | Failure> | undefined;
  const open = async (): Promise<OpenSession | Failure> => {
    if (opened !== undefined) return opened;
    opening ??= openAny(options, openNow).finally(() => {
      opening = undefined;
    });
    const result = await opening;
    if (!(result instanceof Failure)) opened = result;
    return result;
  };
  const resolver = options.names && {
    async resolve(question: Parameters<Resolve>[0]) {
      const session = await open();
      return session instanceof Failure ? noAnswer : session.resolver?.resolve(question);
    },
  };
  return {
    name: options.cassette,
    upstream: lateUpstream(open, options),
    ...(resolver && { resolver }),
    acts: 'replay',
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

type Resolve = NonNullable<OpenSession['resolver']>['resolve'];

/** Not that the name does not exist: a client would remember that. */
const noAnswer: DnsAnswer = { code: 'SERVFAIL', addresses: [], ttl: 0, outcome: 'failed' };

/** A cassette that has come to be there, but cannot be used, is told of with each exchange; the run goes on waiting. */
async function openAny(options: SessionOptions, open: Open): Promise<OpenSession | Failure> {
  try {
    return await open(options);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

function lateUpstream(
  open: () => Promise<OpenSession | Failure>,
  { journal }: SessionOptions,
): Upstream {
  const refusing = (failure: Failure): Upstream =>
    journaled(
      {
        offer: () => Promise.resolve({ type: 'unknown' }),
        open: () =>
          Promise.resolve({
            body: undefined,
            ending: { type: 'cut', by: 'server' },
            outcome: 'missed',
            failure,
          }),
      },
      journal,
      'replay',
    );
  const upstream = async (): Promise<Upstream> => {
    const session = await open();
    return session instanceof Failure ? refusing(session) : session.upstream;
  };
  return {
    offer: async (destination, hello) => (await upstream()).offer(destination, hello),
    open: async (exchange) => (await upstream()).open(exchange),
  };
}
