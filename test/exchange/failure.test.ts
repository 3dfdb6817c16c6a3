import { expect, test } from '@jest/globals';
import { Failure, failureLine, failures } from '../../src/exchange/failure.ts';
import { captureFailures } from '../../src/exchange/failures-capture.ts';
import { conversationFailures } from '../../src/exchange/failures-conversation.ts';
import { controlFailures } from '../../src/exchange/failures-control.ts';
import { startFailures } from '../../src/exchange/failures-start.ts';
import { trafficFailures } from '../../src/exchange/failures-traffic.ts';

test('each failure stands in one group', () => {
  const groups = [
    trafficFailures,
    conversationFailures,
    startFailures,
    captureFailures,
    controlFailures,
  ];
  const codes = groups.flatMap((group) => Object.keys(group));
  expect(codes.toSorted()).toEqual(Object.keys(failures).toSorted());
});

test.each(Object.entries(failures))('%s can be told in one line', (code, entry) => {
  expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
  expect([0, 400, 401, 403, 404, 409, 431, 502, 503, 504, 508]).toContain(entry.status);
  for (const words of [entry.title, entry.remedy]) {
    expect(words).not.toBe('');
    expect(words).not.toMatch(/[\n]|\.$/);
  }
});

test('a failure has its code, its detail and its cause', () => {
  const cause = new Error('ENOSPC');
  const explain = () => ({ more: 1 });
  const failure = new Failure('RECORDING_FAILED', 'no space', { cause, explain });
  expect(failure).toMatchObject({
    name: 'Failure',
    code: 'RECORDING_FAILED',
    message: 'no space',
    cause,
  });
  expect(failure.explain?.()).toEqual({ more: 1 });
  const plain = new Failure('PORT_TAKEN', '8888');
  expect(plain).not.toHaveProperty('cause');
  expect(plain.explain).toBeUndefined();
});

test('its line names code, detail and remedy', () => {
  const line = failureLine(new Failure('PORT_TAKEN', 'port 8888'));
  expect(line).toBe(`PORT_TAKEN: port 8888; ${failures.PORT_TAKEN.remedy}`);
});
