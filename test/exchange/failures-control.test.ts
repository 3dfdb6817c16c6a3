import { expect, test } from '@jest/globals';
import { controlFailures } from '../../src/exchange/failures-control.ts';

test('what the control plane refuses can be told over HTTP', () => {
  for (const { status } of Object.values(controlFailures)) {
    expect(status).toBeGreaterThanOrEqual(400);
  }
  expect(controlFailures.CONTROL_TOKEN_WRONG.status).toBe(401);
});
