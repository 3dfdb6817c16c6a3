import { expect, test } from '@jest/globals';
import { trafficFailures } from '../../src/exchange/failures-traffic.ts';

test('what a client can be told of has a status it can be told with', () => {
  expect(trafficFailures.NO_MATCHING_INTERACTION.status).toBe(502);
  expect(trafficFailures.MALFORMED_HTTP.status).toBe(400);
});
