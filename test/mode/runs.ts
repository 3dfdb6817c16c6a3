import type { Standing } from '../../src/cassette/cassette.ts';
import type { Failure } from '../../src/exchange/failure.ts';
import type { Answer, Outcome } from '../../src/exchange/upstream.ts';
import { createJournal } from '../../src/journal/journal.ts';
import type { OpenSession, SessionOptions } from '../../src/mode/mode.ts';
import { openSession } from '../../src/mode/mode.ts';
import type { Shelf } from './harness.ts';
import { answer, ask, interaction, read, upstreamOf, withShelf } from './harness.ts';

/** A whole answer of the network. */
export const text = (words: string): Answer => answer({ body: Buffer.from(words) });

/** Puts on disk what is to stand there: `/old` in the cassette, `/log` in the unfinished log. */
async function lay({ library }: Shelf, standing: Standing): Promise<void> {
  if (standing.startsWith('complete')) {
    const take = await library.record('c', { adds: false });
    await take.append(recorded('/old'));
    await take.finish();
  }
  if (standing.endsWith('unfinished')) {
    const take = await library.record('c', { adds: standing !== 'unfinished' });
    await take.append(recorded('/log'));
    await take.close();
  }
}

function recorded(path: string) {
  return interaction({
    id: path,
    request: { path },
    response: { body: Buffer.from(`recorded ${path}`) },
  });
}

/** A session that is open, and what it has met. */
export interface Run {
  readonly shelf: Shelf;
  readonly session: OpenSession;
  readonly network: ReturnType<typeof upstreamOf>;
  readonly failures: readonly Failure[];
  /** Asks for a path: the body of the answer and the outcome, or the code of the failure. */
  readonly get: (path: string) => Promise<readonly [string, Outcome]>;
}

/** Opens a session where something stands on disk, and closes it after the body. */
export async function run(
  options: Partial<SessionOptions> & { readonly standing: Standing },
  body: (run: Run) => Promise<void>,
): Promise<void> {
  await withShelf(async (shelf) => {
    await lay(shelf, options.standing);
    const network = upstreamOf((exchange) =>
      text(exchange.kind === 'http' ? `live ${exchange.head.path}` : 'live'),
    );
    const failures: Failure[] = [];
    const session = await openSession({
      mode: 'auto',
      onMiss: 'fail',
      cassette: 'c',
      library: shelf.library,
      network,
      journal: createJournal(),
      latency: { type: 'none' },
      bodyBytesMax: 1000,
      streamMsMax: 60_000,
      cutUnwritten: false,
      ci: false,
      onFailure: (failure) => failures.push(failure),
      ...options,
    });
    const get: Run['get'] = async (path) => {
      const given = await session.upstream.open(ask({ path }).exchange);
      return [given.failure?.code ?? (await read(given.body)), given.outcome];
    };
    await body({ shelf, session, network, failures, get });
    await session.close();
  });
}
