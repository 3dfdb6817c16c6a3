import { expect, test } from '@jest/globals';
import { finished } from '../../src/exchange/conversation.ts';
import type { Interaction, RecordedMessage } from '../../src/exchange/interaction.ts';
import { inFolder } from './folder.ts';
import { sample, streamRequest } from './samples.ts';

const said = (from: RecordedMessage['from'], atMs: number, text: string): RecordedMessage => ({
  from,
  atMs,
  kind: 'data',
  bytes: Buffer.from(text),
});

async function written(
  kind: Interaction['kind'],
  tell: (draft: { add: (message: RecordedMessage) => void; answer: () => void }) => void,
): Promise<Interaction | undefined> {
  let found: Interaction | undefined;
  await inFolder(async (folder) => {
    const take = await folder.library().record('c', { adds: false });
    const { id, startedAt, sequence, request, response } = sample(0);
    const asked = kind === 'stream' ? streamRequest(request.destination) : request;
    const draft = take.begin({ id, kind, startedAt, sequence, request: asked });
    const { body: _, ...head } = { body: undefined, ...response };
    tell({
      add: (message) => void draft.add(message),
      answer: () => response && draft.answered({ ...response, ...head }),
    });
    await draft.finish({ timing: { headMs: 1, endMs: 9 }, ending: finished });
    await take.finish();
    [found] = (await folder.library().load('c')).interactions;
  });
  return found;
}

test('the pieces of bodies are put together, and those of the response keep their places', async () => {
  const one = await written('http', ({ add, answer }) => {
    add(said('client', 1, 'ask'));
    answer();
    add(said('client', 2, 'ed'));
    add(said('server', 3, 'ans'));
    add(said('server', 5, 'wered'));
  });
  expect(one?.request.body?.toString()).toBe('asked');
  expect(one?.response?.chunks).toEqual([
    { atMs: 3, bytes: 3 },
    { atMs: 5, bytes: 5 },
  ]);
  expect(one?.messages).toBeUndefined();
});

test('messages are kept in their order, with an end that has no bytes', async () => {
  const end = { from: 'client', atMs: 4, kind: 'end', bytes: Buffer.alloc(0) } as const;
  const messages = [said('server', 1, 'INFO'), said('client', 2, 'PING'), end];
  const one = await written('stream', ({ add }) => messages.forEach(add));
  expect(one?.messages).toEqual(messages);
  expect(one?.request).toEqual(streamRequest(sample(0).request.destination));
});
