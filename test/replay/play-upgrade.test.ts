import { expect, test } from '@jest/globals';
import type { RecordedMessage } from '../../src/exchange/interaction.ts';
import { playUpgrade } from '../../src/replay/play-upgrade.ts';
import { ask, interaction, parts, read } from '../mode/harness.ts';

const said = (from: RecordedMessage['from'], text: string): RecordedMessage => ({
  from,
  atMs: 0,
  kind: 'data',
  bytes: Buffer.from(text),
});
const recorded = interaction({
  response: { status: 101 },
  messages: [said('server', 'hello '), said('client', 'abcd'), said('server', 'world')],
  ending: { type: 'finished', trailers: [] },
});

async function played(texts: readonly string[], { strict = true, whole = true } = {}) {
  const mismatches: string[] = [];
  const { exchange } = ask();
  const { parts: heard, ending } = playUpgrade({
    interaction: whole ? recorded : { ...recorded, truncated: 'size' },
    exchange: { ...exchange, upgraded: parts(...texts) },
    strict,
    onMismatch: ({ message }) => mismatches.push(message),
  });
  return { heard: await read(heard), ending: await ending, mismatches: mismatches.length };
}

test('however the client cuts its bytes', async () => {
  for (const texts of [['abcd'], ['a', 'bcd'], ['ab', 'c', 'd'], ['abcd', 'more']]) {
    const { heard, ending } = await played(texts);
    expect(heard).toBe('hello world');
    expect(ending).toEqual(recorded.ending);
  }
});

test('a client that says something else is reset, as soon as it does; or let go on', async () => {
  const strict = await played(['ax']);
  expect(strict).toEqual({
    heard: 'hello ',
    ending: { type: 'reset', by: 'server' },
    mismatches: 1,
  });
  const lenient = await played(['abxd'], { strict: false });
  expect(lenient).toMatchObject({ heard: 'hello world', mismatches: 1 });
});

test('a client that leaves, and a recording that is not whole', async () => {
  expect((await played(['ab'])).ending).toEqual({ type: 'cut', by: 'client' });
  const cut = await played(['abcd'], { whole: false });
  expect(cut).toMatchObject({ heard: 'hello world', ending: { type: 'reset', by: 'server' } });
});
