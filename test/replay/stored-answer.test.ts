import { describe, expect, test } from '@jest/globals';
import { finished } from '../../src/exchange/conversation.ts';
import { Failure } from '../../src/exchange/failure.ts';
import type { StoredBody } from '../../src/exchange/interaction.ts';
import { recordedBody } from '../../src/replay/recorded-body.ts';
import { answerFromFile } from '../../src/replay/stored-answer.ts';
import { answer, ask, interaction, read } from '../mode/harness.ts';

/** A file of two pieces; it fails at the one named, from the n-th reading on. */
function file(failsAt?: number, error: Error = new Failure('CASSETTE_CORRUPT', 'f')): StoredBody {
  return {
    sha256: 'f',
    bytes: 4,
    async *read() {
      for (const [place, text] of ['ab', 'cd'].entries()) {
        if (place === failsAt) throw error;
        yield Buffer.from(text);
      }
    },
  };
}

function given(stored: StoredBody) {
  const failures: Failure[] = [];
  const recorded = recordedBody(interaction({ response: { stored } }));
  const { exchange } = ask();
  const made = answerFromFile({
    exchange,
    answer: { ...answer({ outcome: 'replayed' }), ...recorded },
    stored,
    onFailure: (failure) => failures.push(failure),
  });
  return { made, failures };
}

test('a body whose file is there is served as it is', async () => {
  const { made, failures } = given(file());
  const whole = await made;
  expect(await read(whole.body)).toBe('abcd');
  expect(await whole.ending).toEqual(finished);
  expect(whole.outcome).toBe('replayed');
  expect(whole.failure).toBeUndefined();
  expect(failures).toEqual([]);
});

describe('a body whose file', () => {
  test.each([
    [new Failure('CASSETTE_BODY_MISSING', 'f: is not there'), 'f: is not there'],
    [new Error('EIO'), 'EIO'],
  ])('cannot be read is refused before a byte of it (%s)', async (error, words) => {
    const { made, failures } = given(file(0, error));
    const refused = await made;
    expect(refused).toMatchObject({ body: undefined, outcome: 'failed' });
    expect(refused.head).toBeUndefined();
    expect(failures).toMatchObject([{ code: 'CASSETTE_BODY_MISSING', message: words }]);
    expect(refused.failure).toBe(failures[0]);
  });

  test('turns out to be changed is cut where that shows', async () => {
    const { made, failures } = given(file(1));
    const cut = await made;
    expect(cut.failure).toBeUndefined();
    expect(await read(cut.body)).toBe('ab');
    expect(await cut.ending).toEqual({ type: 'cut', by: 'server' });
    expect(cut.outcome).toBe('failed');
    expect(cut.failure?.code).toBe('CASSETTE_CORRUPT');
    expect(failures).toHaveLength(1);
  });
});

test('a client that leaves midway ended it itself', async () => {
  const { made } = given(file());
  const whole = await made;
  if (whole.body === undefined || Buffer.isBuffer(whole.body)) throw new Error('no parts');
  for await (const { bytes } of whole.body) {
    expect(bytes.toString()).toBe('ab');
    break;
  }
  expect(await whole.ending).toEqual({ type: 'cut', by: 'client' });
  expect(whole.failure).toBeUndefined();
});
