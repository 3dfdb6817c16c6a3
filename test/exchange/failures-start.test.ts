import { expect, test } from '@jest/globals';
import { startFailures } from '../../src/exchange/failures-start.ts';

test('who could not start tells nobody in HTTP', () => {
  for (const { status } of Object.values(startFailures)) expect(status).toBe(0);
});
