import { expect, test } from '@jest/globals';
import { captureFailures } from '../../src/exchange/failures-capture.ts';

test('where the kernel says no, what to add is said', () => {
  expect(captureFailures.NET_ADMIN_MISSING.remedy).toContain('cap_add: [NET_ADMIN');
});
