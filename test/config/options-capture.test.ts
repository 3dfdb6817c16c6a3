import { expect, test } from '@jest/globals';
import { captureOptions } from '../../src/config/options-capture.ts';

test('nothing is captured unless one asks for it', () => {
  const { transparent, redirectPorts, dnsPort } = captureOptions;
  expect(transparent.parse(transparent.default)).toBe(false);
  expect(redirectPorts.parse(redirectPorts.default)).toEqual([]);
  expect(redirectPorts.parse('3000, 8080')).toEqual([3000, 8080]);
  expect(() => redirectPorts.parse('0')).toThrow();
  expect(dnsPort.parse(dnsPort.default)).toBe(8853);
});
