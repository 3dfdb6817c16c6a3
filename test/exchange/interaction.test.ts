import { expect, test } from '@jest/globals';
import { lookupRequest } from '../../src/exchange/interaction.ts';

test('the request of a lookup says what was asked, and of whom', () => {
  expect(lookupRequest({ name: 'api.test', type: 'AAAA' })).toMatchObject({
    method: 'AAAA',
    destination: { host: 'api.test', port: 53, secure: false },
    headers: [],
  });
});
