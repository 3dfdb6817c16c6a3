import { describe, expect, test } from '@jest/globals';
import type { Standing } from '../../src/cassette/cassette.ts';
import type { Outcome } from '../../src/exchange/upstream.ts';
import type { Mode, OnMiss, OpenSession } from '../../src/mode/mode.ts';
import { staysOffline } from '../../src/mode/mode.ts';
import type { Run } from './runs.ts';
import { run } from './runs.ts';

const old = ['recorded /old', 'replayed'] as const;
const log = ['recorded /log', 'replayed'] as const;
const live = (path: string) => [`live ${path}`, 'recorded'] as const;
const miss = ['NO_MATCHING_INTERACTION', 'missed'] as const;

/** What a cell of the table answers to `/old`, `/log` and `/new`, and what the next run has. */
interface Cell {
  readonly mode: Mode;
  readonly standing: Standing;
  readonly acts: OpenSession['acts'];
  readonly answers: readonly (readonly [string, Outcome])[];
  readonly unfinished?: boolean;
  /** The paths that stand complete on disk afterwards; nothing where that is not the point. */
  readonly after?: readonly string[];
}

const allLive = [live('/old'), live('/log'), live('/new')];
const asked = ['/old', '/log', '/new'];

const cells: readonly Cell[] = [
  { mode: 'auto', standing: 'nothing', acts: 'record', answers: allLive, after: asked },
  { mode: 'auto', standing: 'unfinished', acts: 'record', answers: allLive, after: asked },
  {
    mode: 'auto',
    standing: 'complete',
    acts: 'replay',
    answers: [old, miss, miss],
    after: ['/old'],
  },
  {
    mode: 'auto',
    standing: 'complete and unfinished',
    acts: 'replay',
    answers: [old, log, miss],
    unfinished: true,
  },
  { mode: 'record', standing: 'nothing', acts: 'record', answers: allLive, after: asked },
  { mode: 'record', standing: 'unfinished', acts: 'record', answers: allLive, after: asked },
  { mode: 'record', standing: 'complete', acts: 'record', answers: allLive, after: asked },
  {
    mode: 'record',
    standing: 'complete and unfinished',
    acts: 'record',
    answers: allLive,
    after: asked,
  },
  {
    mode: 'replay',
    standing: 'unfinished',
    acts: 'replay',
    answers: [miss, log, miss],
    unfinished: true,
  },
  { mode: 'replay', standing: 'complete', acts: 'replay', answers: [old, miss, miss] },
  {
    mode: 'replay',
    standing: 'complete and unfinished',
    acts: 'replay',
    answers: [old, log, miss],
    unfinished: true,
  },
  { mode: 'hybrid', standing: 'nothing', acts: 'hybrid', answers: allLive, after: asked },
  {
    mode: 'hybrid',
    standing: 'unfinished',
    acts: 'hybrid',
    answers: [live('/old'), log, live('/new')],
    after: ['/log', '/old', '/new'],
  },
  {
    mode: 'hybrid',
    standing: 'complete',
    acts: 'hybrid',
    answers: [old, live('/log'), live('/new')],
    after: ['/old', '/log', '/new'],
  },
  {
    mode: 'hybrid',
    standing: 'complete and unfinished',
    acts: 'hybrid',
    answers: [old, log, live('/new')],
    after: ['/old', '/log', '/new'],
  },
];

describe('the table of what stands on disk', () => {
  test.each(cells)('$mode with $standing: $acts', async (cell) => {
    await withAfter(cell, async ({ session, get }) => {
      expect(session.acts).toBe(cell.acts);
      const got = [];
      for (const path of asked) got.push(await get(path));
      expect(got).toEqual(cell.answers);
      expect(session.unfinished()).toBe(cell.unfinished === true);
    });
  });

  async function withAfter(cell: Cell, body: (run: Run) => Promise<void>): Promise<void> {
    const { mode, standing, after } = cell;
    await run({ mode, standing }, async (one) => {
      await body(one);
      await one.session.close();
      if (after === undefined) return;
      const { interactions } = await one.shelf.library.load('c');
      expect(interactions.map(({ request }) => request.path)).toEqual(after);
      expect(await one.shelf.library.look('c')).toBe('complete');
    });
  }

  test('replay with nothing does not start', async () => {
    await expect(
      run({ mode: 'replay', standing: 'nothing' }, async () => {}),
    ).rejects.toMatchObject({
      code: 'CASSETTE_NOT_FOUND',
    });
  });

  test('an unfinished take that is served is warned of, and the warning names its log', async () => {
    for (const mode of ['auto', 'replay'] as const) {
      await run({ mode, standing: 'complete and unfinished' }, async ({ shelf }) => {
        expect(shelf.warnings.join('\n')).toContain(shelf.directory);
      });
    }
  });

  test.each<Standing>(['nothing', 'unfinished', 'complete'])(
    'passthrough with %s only passes',
    async (standing) => {
      await run({ mode: 'passthrough', standing }, async ({ session, get, shelf }) => {
        const before = await shelf.files();
        expect(await get('/old')).toEqual(['live /old', 'forwarded']);
        expect(session).toMatchObject({
          acts: 'passthrough',
          records: false,
          strict: false,
          loaded: 0,
          digest: null,
        });
        await session.close();
        expect(await shelf.files()).toEqual(before);
      });
    },
  );

  test.each<[Standing, string]>([
    ['nothing', 'no cassette'],
    ['unfinished', 'only an unfinished take'],
  ])('under CI, auto with %s refuses to record', async (standing, words) => {
    const opening = run({ mode: 'auto', standing, ci: true }, async () => {});
    await expect(opening).rejects.toMatchObject({
      code: 'RECORDING_REFUSED_IN_CI',
      message: `there is ${words} named c`,
    });
  });

  test.each<[Standing]>([['nothing'], ['unfinished']])(
    'under seal, auto with %s does not record what cannot be reached',
    async (standing) => {
      const opening = run({ mode: 'auto', standing, sealed: true }, async () => {});
      await expect(opening).rejects.toMatchObject({ code: 'SEAL_CONTRADICTED' });
    },
  );

  test('under CI, auto with a complete cassette replays', async () => {
    await run({ mode: 'auto', standing: 'complete', ci: true }, async ({ get }) => {
      expect(await get('/old')).toEqual(old);
    });
  });
});

describe('a run stays offline', () => {
  test.each<[Mode, OnMiss, Standing, boolean]>([
    ['replay', 'fail', 'nothing', true],
    ['replay', 'passthrough', 'complete', false],
    ['replay', 'record', 'complete', false],
    ['auto', 'fail', 'complete', true],
    ['auto', 'fail', 'complete and unfinished', true],
    ['auto', 'fail', 'unfinished', false],
    ['auto', 'fail', 'nothing', false],
    ['record', 'fail', 'complete', false],
    ['hybrid', 'fail', 'complete', false],
    ['passthrough', 'fail', 'complete', false],
  ])('in %s, misses %s, beside %s: %s', async (...given) => {
    const [mode, onMiss, standing, expected] = given;
    expect(await staysOffline({ mode, onMiss }, () => Promise.resolve(standing))).toBe(expected);
  });
});

describe('the table of misses', () => {
  test.each<[Mode, OnMiss, readonly [string, Outcome], number]>([
    ['replay', 'fail', miss, 0],
    ['replay', 'passthrough', ['live /new', 'forwarded'], 1],
    ['replay', 'record', live('/new'), 1],
    ['auto', 'fail', miss, 0],
    ['auto', 'passthrough', ['live /new', 'forwarded'], 1],
    ['auto', 'record', live('/new'), 1],
    ['hybrid', 'fail', live('/new'), 1],
    ['hybrid', 'passthrough', live('/new'), 1],
    ['record', 'fail', live('/new'), 1],
    ['passthrough', 'fail', ['live /new', 'forwarded'], 1],
  ])('%s on a miss: %s', async (...row) => {
    const [mode, onMiss, answered, liveCalls] = row;
    await run({ mode, onMiss, standing: 'complete' }, async ({ session, get, network }) => {
      expect(await get('/new')).toEqual(answered);
      expect(network.asked).toHaveLength(liveCalls);
      const replays = mode === 'replay' || mode === 'auto';
      expect(session.strict).toBe(replays && onMiss === 'fail');
    });
  });

  test('what a miss recorded stands behind what was loaded', async () => {
    await run({ mode: 'replay', onMiss: 'record', standing: 'complete' }, async (one) => {
      await one.get('/new');
      expect(one.session.interactions()).toBe(2);
      await one.session.close();
      const { interactions } = await one.shelf.library.load('c');
      expect(interactions.map(({ request }) => request.path)).toEqual(['/old', '/new']);
    });
  });
});
