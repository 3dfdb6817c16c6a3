import { describe, expect, test } from '@jest/globals';
import type { RecordedMessage } from '../../src/exchange/interaction.ts';
import type { Mismatch, Played, Released, Said, Sequence } from '../../src/replay/sequence.ts';
import { playSequence } from '../../src/replay/sequence.ts';

/** `C:a` is said by the client, `S:b` by the server. */
function recorded(words: string, place: number): RecordedMessage {
  const from = words.startsWith('C') ? 'client' : 'server';
  return { from, kind: 'text', atMs: (place + 1) * 10, bytes: Buffer.from(words.slice(2)) };
}

async function played(
  script: readonly string[],
  said: readonly string[],
  more: Partial<Sequence> = {},
): Promise<{ end: Played; released: Released[]; mismatches: Mismatch[]; asked: string[] }> {
  const released: Released[] = [];
  const mismatches: Mismatch[] = [];
  const asked: string[] = [];
  const left = [...said];
  const steps = playSequence({
    messages: script.map(recorded),
    headMs: 5,
    hear: async (expected): Promise<Said | undefined> => {
      asked.push(expected?.bytes.toString() ?? '(the end)');
      const next = left.shift();
      return next === undefined ? undefined : { kind: 'text', bytes: Buffer.from(next) };
    },
    matches: (expected, got) => expected.bytes.equals(got.bytes),
    mismatched: (mismatch) => {
      mismatches.push(mismatch);
      return true;
    },
    ...more,
  });
  for (;;) {
    const step = await steps.next();
    if (step.done === true) return { end: step.value, released, mismatches, asked };
    released.push(step.value);
  }
}

const texts = (released: readonly Released[]): string[] =>
  released.map(({ message }) => message.bytes.toString());

test('the server speaks once the client has said what was recorded before', async () => {
  const run = await played(['S:welcome', 'C:a', 'S:b', 'C:c', 'S:d'], ['a', 'c']);
  expect([run.end, texts(run.released)]).toEqual(['over', ['welcome', 'b', 'd']]);
  expect(run.released.map(({ delayMs }) => delayMs)).toEqual([5, 10, 10]);
});

test('a client that ends too soon has left, and hears no more', async () => {
  const run = await played(['S:welcome', 'C:a', 'S:never'], []);
  expect([run.end, texts(run.released)]).toEqual(['left', ['welcome']]);
});

describe('a client that says something else', () => {
  test('is refused, with its place', async () => {
    const run = await played(['C:a', 'C:b', 'S:never'], ['a', 'x']);
    expect([run.end, texts(run.released)]).toEqual(['refused', []]);
    expect(run.mismatches).toMatchObject([{ place: 1, got: { bytes: Buffer.from('x') } }]);
  });

  test('goes on where nobody minds', async () => {
    const heard: number[] = [];
    const run = await played(['C:a', 'C:b', 'S:c'], ['x', 'b'], {
      mismatched: () => false,
      heard: (place) => heard.push(place),
    });
    expect([run.end, texts(run.released), heard]).toEqual(['over', ['c'], [0, 1]]);
  });
});

test('what does not count is not waited for', async () => {
  const counts = ({ bytes }: RecordedMessage): boolean => bytes.toString() !== 'typing';
  const run = await played(['C:typing', 'S:a', 'C:b', 'S:c'], ['b'], { counts });
  expect([run.end, texts(run.released), run.asked]).toEqual(['over', ['a', 'c'], ['b']]);
});

test('a gate holds a message back until it opens', async () => {
  const gates: string[] = [];
  const run = await played(['S:a', 'C:b', 'S:c'], ['b'], {
    gate: async (message, place) => void gates.push(`${place} ${message.bytes.toString()}`),
  });
  expect([texts(run.released), gates]).toEqual([
    ['a', 'c'],
    ['0 a', '2 c'],
  ]);
});

test('tells each place that it comes to, and its end may be held back too', async () => {
  const reached: number[] = [];
  const ends: number[] = [];
  for (const inStep of [true, false]) {
    const said: Promise<Said>[] = [Promise.resolve({ kind: 'text', bytes: Buffer.from('b') })];
    await played(['S:a', 'C:b', 'S:c'], ['b'], {
      inStep,
      hear: () => said.shift() ?? new Promise(() => {}),
      mismatched: () => false,
      reached: (place) => reached.push(place),
      endGate: async () => void ends.push(reached.length),
    });
  }
  expect(reached).toEqual([0, 1, 2, 3, 0, 2, 3]);
  expect(ends).toEqual([4, 7]);
});

describe('a conversation that its client ended', () => {
  test('waits for that end', async () => {
    const run = await played(['S:a'], [], { clientEnds: true });
    expect([run.end, texts(run.released), run.asked]).toEqual(['left', ['a'], ['(the end)']]);
  });

  test('has no place for more', async () => {
    const strict = await played(['S:a'], ['more'], { clientEnds: true });
    expect(strict.end).toBe('refused');
    expect(strict.mismatches).toMatchObject([{ place: 0, expected: undefined }]);
    const lenient = await played([], ['more'], { clientEnds: true, mismatched: () => false });
    expect(lenient.end).toBe('left');
  });
});

describe('out of step', () => {
  test('the server does not wait for the client, which is compared all the same', async () => {
    const said = Promise.withResolvers<undefined>();
    const early = await played(['C:a', 'S:b', 'C:c', 'S:d'], [], {
      inStep: false,
      hear: () => said.promise,
    });
    expect([early.end, texts(early.released)]).toEqual(['over', ['b', 'd']]);
    const wrong = await played(['C:a', 'S:b', 'S:never'], ['x'], {
      inStep: false,
      gate: (_message, place) => (place === 2 ? new Promise(() => {}) : undefined),
    });
    expect([wrong.end, wrong.mismatches.length]).toEqual(['refused', 1]);
  });

  test('a client that leaves opens no gate, but ends it', async () => {
    const run = await played(['S:never', 'C:a'], ['a'], {
      inStep: false,
      gate: () => new Promise(() => {}),
    });
    expect([run.end, run.released]).toEqual(['left', []]);
  });

  test('where the client ended it, its end is waited for', async () => {
    const run = await played(['S:a', 'C:b'], ['b'], {
      inStep: false,
      clientEnds: true,
      hear: async () => new Promise((resolve) => setTimeout(resolve, 5, undefined)),
    });
    expect([run.end, texts(run.released)]).toEqual(['left', ['a']]);
  });
});
