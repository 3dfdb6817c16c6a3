import { expect, test } from '@jest/globals';
import type { Draft, DraftStart } from '../../src/cassette/cassette.ts';
import { createDraft } from '../cassette/memory-draft.ts';
import { finished } from '../../src/exchange/conversation.ts';
import { createOpenDrafts } from '../../src/record/open-drafts.ts';
import { interaction } from '../mode/harness.ts';

const end = { timing: { endMs: 1 }, ending: finished };

function opening(append = () => Promise.resolve()) {
  const drafts = createOpenDrafts({
    begin: (start: DraftStart): Draft => createDraft(start, append),
  });
  return { ...drafts, begun: () => drafts.begin(interaction()) };
}

test('what was begun is waited for until it has ended, well or not', async () => {
  const { begun, settled } = opening(() => Promise.reject(new Error('full')));
  await settled();
  const [one, other] = [begun(), begun()];
  let over = false;
  const waiting = settled().then(() => {
    over = true;
  });
  await expect(one.finish(end)).rejects.toThrow('full');
  expect(over).toBe(false);
  await expect(other.finish(end)).rejects.toThrow('full');
  await waiting;
  await settled();
});

test('what never ends is not waited for without an end', async () => {
  const { begun, settled } = opening();
  begun();
  const began = performance.now();
  await settled();
  expect(performance.now() - began).toBeLessThan(10_000);
});
