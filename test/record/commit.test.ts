import { expect, test } from '@jest/globals';
import { finished } from '../../src/exchange/conversation.ts';
import { Failure } from '../../src/exchange/failure.ts';
import { asFailure, commit, interactionId } from '../../src/record/commit.ts';
import { answer, ask, memoryLog, tapped } from '../mode/harness.ts';

const failing = (): Promise<void> => Promise.reject(new Error('ENOSPC'));

test.each([
  ['recorded', {}],
  ['forwarded', { append: failing }],
  ['failed', { append: failing, cutUnwritten: true }],
])('an exchange is %s', async (outcome, changes) => {
  const { options, written, unrecorded } = memoryLog(changes);
  const { exchange } = ask({
    destination: { host: 'h', port: 1, secure: true, address: '10.0.0.1' },
  });
  const parts = tapped(exchange);
  const recorded = { options, exchange, answer: answer(), ...parts, sequence: 7, headMs: 1.23456 };
  expect(await commit(recorded, { ending: finished })).toBe(outcome);
  expect(written).toHaveLength(outcome === 'recorded' ? 1 : 0);
  expect(unrecorded).toHaveLength(outcome === 'recorded' ? 0 : 1);
  // Where the kernel sent it is no part of what was wanted.
  expect(written[0]?.request.destination ?? { host: 'h', port: 1, secure: true }).toEqual({
    host: 'h',
    port: 1,
    secure: true,
  });
  expect(written[0]?.id ?? 'i000007').toBe('i000007');
});

test('whatever was thrown becomes a failure to record, and keeps its cause', () => {
  const failure = new Failure('BODY_TOO_LARGE', 'x');
  expect(asFailure(failure)).toBe(failure);
  const cause = new Error('ENOSPC');
  expect(asFailure(cause)).toMatchObject({ code: 'RECORDING_FAILED', message: 'ENOSPC', cause });
  expect(asFailure('words')).toMatchObject({ code: 'RECORDING_FAILED', message: 'words' });
});

test('ids sort as their exchanges began', () => {
  expect(interactionId(0)).toBe('i000000');
  expect(interactionId(1_234_567)).toBe('i1234567');
});
