import { expect, test } from '@jest/globals';
import type { Ending, Part } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { answerFrom, pauseBeforeEnd } from '../../src/replay/recorded-answer.ts';
import type { Asked } from '../mode/harness.ts';
import { ask, interaction, part } from '../mode/harness.ts';

function answered(one: Interaction, asked: Asked = ask(), repeated = false): Answer {
  return answerFrom({
    entry: { interaction: one, bodyDigest: '', place: 0 },
    repeated,
    exchange: asked.exchange,
    strict: true,
    onMismatch: () => {},
  });
}

test('a body that came whole is whole in memory, with its trailers and its pauses', async () => {
  const trailers = [['X-Sum', '1']] as const;
  const given = answered(
    interaction({
      response: {
        status: 201,
        statusText: 'Made',
        headers: [['A', 'b']],
        body: Buffer.from('abc'),
      },
      timing: { headMs: 30, endMs: 50 },
      ending: { type: 'finished', trailers },
    }),
  );
  expect(given).toMatchObject({
    head: { status: 201, statusText: 'Made', headers: [['A', 'b']], httpVersion: '1.1' },
    body: Buffer.from('abc'),
    ending: { type: 'finished', trailers },
    delayMs: 30,
    bodyDelayMs: 20,
    interaction: 'i0',
    outcome: 'replayed',
  });
  expect(given.head).not.toHaveProperty('informational');
});

test('an absent body stays absent, an empty one empty', () => {
  expect(answered(interaction()).body).toBeUndefined();
  expect(answered(interaction({ response: { body: Buffer.alloc(0) } })).body).toEqual(
    Buffer.alloc(0),
  );
});

test.each<[Ending]>([
  [{ type: 'reset', by: 'server' }],
  [{ type: 'cut', by: 'server' }],
  [{ type: 'cut', by: 'client' }],
])('what ended before it was whole comes in parts, with %j behind', async (ending) => {
  const given = answered(
    interaction({ response: { body: Buffer.from('ab') }, timing: { headMs: 1, endMs: 9 }, ending }),
  );
  if (given.body === undefined || Buffer.isBuffer(given.body)) throw new Error('not in parts');
  const said: Part[] = [];
  for await (const one of given.body) said.push(one);
  expect(said).toEqual([part('ab', 'data', { atMs: 9, delayMs: 8 })]);
  expect(await given.ending).toEqual(ending);
});

test('an ending before a head has none', () => {
  const ending: Ending = { type: 'dns', code: 'ENOTFOUND' };
  const given = answered(
    interaction({ response: 'none', timing: { endMs: 7 }, ending }),
    ask(),
    true,
  );
  expect(given).toEqual({
    body: undefined,
    ending,
    delayMs: 7,
    interaction: 'i0',
    outcome: 'repeated',
  });
});

test('a WebSocket that was refused is an ordinary answer', () => {
  const refused = interaction({
    kind: 'websocket',
    response: { status: 403, body: Buffer.from('no') },
  });
  const given = answered(refused, ask({ kind: 'websocket' }));
  expect(given).toMatchObject({ head: { status: 403 }, body: Buffer.from('no') });
  expect(given).not.toHaveProperty('framing');
});

test.each([
  [{ type: 'closed', by: 'server', code: 1000, reason: '' }, 7],
  [{ type: 'reset', by: 'server' }, 7],
  [finished, 7],
  // It takes its own time.
  [{ type: 'closed', by: 'client', code: 1000, reason: '' }, 0],
] as const)('before its end %j a WebSocket pauses as it did: %i ms', (ending, pauseMs) => {
  const messages = [{ from: 'client', atMs: 2, kind: 'text', bytes: Buffer.from('a') }] as const;
  const timing = { headMs: 1, endMs: 9 };
  expect(pauseBeforeEnd(interaction({ messages, timing, ending }))).toBe(pauseMs);
});
