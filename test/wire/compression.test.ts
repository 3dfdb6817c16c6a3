import { expect, test } from '@jest/globals';
import type { Headers } from '../../src/exchange/headers.ts';
import { compressionOf } from '../../src/wire/compression.ts';

const agreed = (value: string): Headers => [['Sec-WebSocket-Extensions', value]];
const none = { threshold: 0 };

test('nothing was agreed on: none', () => {
  expect(compressionOf([], 'permessage-deflate')).toBe(false);
  expect(compressionOf(agreed('x-other; a=1'), 'permessage-deflate')).toBe(false);
});

test.each([
  ['permessage-deflate', 'permessage-deflate', none],
  [
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    'permessage-deflate',
    { ...none, serverNoContextTakeover: true, clientNoContextTakeover: true },
  ],
  [
    'permessage-deflate; server_max_window_bits=12; client_max_window_bits="11"',
    'permessage-deflate; client_max_window_bits',
    { ...none, serverMaxWindowBits: 12, clientMaxWindowBits: 11 },
  ],
  // This client cannot be limited, or only to more.
  ['permessage-deflate; client_max_window_bits=11', 'permessage-deflate', none],
  [
    'permessage-deflate; client_max_window_bits=11',
    'permessage-deflate; client_max_window_bits=10',
    none,
  ],
  // This client wants a smaller window than the recorded one.
  [
    'permessage-deflate; server_max_window_bits=12',
    'permessage-deflate; server_max_window_bits=10',
    none,
  ],
  ['permessage-deflate; server_max_window_bits=99', 'permessage-deflate', none],
])('%s, offered %s', (recorded, offer, expected) => {
  expect(compressionOf(agreed(recorded), offer)).toEqual(expected);
});
