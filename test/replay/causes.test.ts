import { describe, expect, test } from '@jest/globals';
import type { Interaction, RecordedMessage } from '../../src/exchange/interaction.ts';
import { createCauses } from '../../src/replay/causes.ts';
import { interaction } from '../mode/harness.ts';

const day = Date.parse('2026-01-01T00:00:00.000Z');

/** A session from a time on: `10 C hello` is said by the client 10 ms after that. */
function session(startMs: number, ...lines: readonly string[]): Interaction {
  const messages = lines.map((line): RecordedMessage => {
    const [, atMs = '0', from, text = ''] = /^(\d+) ([CS]) (.*)$/.exec(line) ?? [];
    const side = from === 'C' ? 'client' : 'server';
    return { from: side, atMs: Number(atMs), kind: 'text', bytes: Buffer.from(text) };
  });
  return interaction({
    kind: 'websocket',
    startedAt: new Date(day + startMs).toISOString(),
    messages,
    timing: { headMs: 1, endMs: 100_000 },
  });
}

function request(startMs: number, method: string, body: string): Interaction {
  return interaction({
    startedAt: new Date(day + startMs).toISOString(),
    request: { method, path: '/messages', body: Buffer.from(body) },
  });
}

function causes(
  interactions: readonly Interaction[],
  at: readonly [place: number, message: number],
  counts: (message: RecordedMessage) => boolean = () => true,
): string[] {
  return createCauses(interactions, counts)
    .of(...at)
    .map(({ place, ordinal }) => `${place}.${ordinal}`);
}

const told = session(0, '50 C {"join":"hall"}', '5012 S {"type":"said","text":"hello there"}');

describe('a message comes of', () => {
  test('what another client said with its words', () => {
    const ann = session(10, '100 C {"text":"first"}', '5000 C {"text":"hello there"}');
    expect(causes([told, ann], [0, 1])).toEqual(['1.1']);
  });

  test('a request that may change something', () => {
    const posted = request(5010, 'POST', '{"text":"hello there"}');
    expect(causes([told, posted], [0, 1])).toEqual(['1.-1']);
  });

  test('the opening of another session, where its own client said nothing', () => {
    const quiet = session(0, '5010 S {"online":"bob"}');
    expect(causes([quiet, session(5005)], [0, 0])).toEqual(['1.-1']);
    const named = session(0, '50 C hi', '5010 S {"online":"bob"}');
    const bob = session(5005);
    const withQuery = { ...bob, request: { ...bob.request, path: '/?user=bob' } };
    expect(causes([named, withQuery], [0, 1])).toEqual(['1.-1']);
  });

  test('several things that it has words of, the latest at most', () => {
    const others = Array.from({ length: 10 }, (_, n) => session(10, `${4980 + n} C hello`));
    expect(causes([told, ...others], [0, 1])).toEqual(
      [3, 4, 5, 6, 7, 8, 9, 10].map((n) => `${n}.0`),
    );
  });

  test('what seems to come a moment later, times being whole milliseconds', () => {
    expect(causes([told, session(12, '5000.9 C hello'.replace('.9', ''))], [0, 1])).toEqual([
      '1.0',
    ]);
    expect(causes([told, session(13, '5000 C hello')], [0, 1])).toEqual(['1.0']);
  });
});

describe('a message comes not of', () => {
  test.each([
    ['what came long before', session(0, '4000 C hello')],
    ['what came later', session(0, '5020 C hello')],
    ['what has none of its words', session(0, '5000 C other words')],
    ['a question', request(5005, 'GET', 'hello')],
  ])('%s', (_what, other) => expect(causes([told, other], [0, 1])).toEqual([]));

  test('others, where its own client said the words too', () => {
    const own = session(0, '5000 C ping all', '5010 S pong all');
    expect(causes([own, session(0, '5005 C ping all')], [0, 1])).toEqual([]);
  });

  test('others, where it may answer the opening of its own session', () => {
    const welcomed = session(5000, '10 S welcome', '1005 S news');
    expect(causes([welcomed, session(5005)], [0, 0])).toEqual([]);
    expect(causes([welcomed, session(6000)], [0, 1])).toEqual(['1.-1']);
  });

  test('what came before the server spoke last', () => {
    const spoke = session(0, '5000 S a', '5010 S hello');
    expect(causes([spoke, session(0, '4990 C hello')], [0, 1])).toEqual([]);
  });

  test('something at another server, unless its words say so', () => {
    const quiet = session(0, '5010 S {"n":1}');
    const away = session(5005);
    const elsewhere = {
      ...away,
      request: { ...away.request, destination: { host: 'away.test', port: 1, secure: false } },
    };
    expect(causes([quiet, elsewhere], [0, 0])).toEqual([]);
  });

  test('a message that is not compared', () => {
    const typing = session(0, '5000 C hello');
    expect(causes([told, typing], [0, 1], () => false)).toEqual([]);
  });

  test('itself, nor for what is not there', () => {
    expect(causes([told], [0, 1])).toEqual([]);
    expect(causes([told], [7, 0])).toEqual([]);
  });
});
