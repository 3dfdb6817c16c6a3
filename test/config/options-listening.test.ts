import { expect, test } from '@jest/globals';
import { listeningOptions } from '../../src/config/options-listening.ts';

test('magneto listens on loopback, and serves private networks, unless one says otherwise', () => {
  const { hosts, port, controlHosts, controlPort, allowClients } = listeningOptions;
  for (const option of [hosts, controlHosts]) {
    expect(option.parse(option.default)).toEqual(['127.0.0.1', '::1']);
  }
  expect([port.parse(port.default), controlPort.parse(controlPort.default)]).toEqual([8888, 8889]);
  expect(allowClients.parse(allowClients.default)).not.toContain('0.0.0.0/0');
  expect(() => port.parse('65536')).toThrow();
});
