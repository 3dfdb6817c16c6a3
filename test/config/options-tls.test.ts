import { expect, test } from '@jest/globals';
import { tlsOptions } from '../../src/config/options-tls.ts';

test('servers are verified, and reached directly, unless one says otherwise', () => {
  const { upstreamProxy, upstreamClientCerts: certs, upstreamLegacyTlsHosts: legacy } = tlsOptions;
  const { upstreamCa, upstreamInsecureHosts, upstreamNoProxy } = tlsOptions;
  for (const option of [upstreamCa, upstreamInsecureHosts, upstreamNoProxy, certs, legacy]) {
    expect(option.parse(option.default)).toEqual([]);
  }
  expect(upstreamProxy.parse(upstreamProxy.default)).toBeUndefined();
  expect(upstreamProxy.parse('http://proxy.test:3128')).toMatchObject({ host: 'proxy.test' });
});

test('there is no trust kit, and the CA speaks for every name, unless one says otherwise', () => {
  const { caNameConstraints, trustDir } = tlsOptions;
  for (const option of [caNameConstraints, trustDir]) {
    expect(option.parse(option.default)).toBeUndefined();
  }
  expect(trustDir.parse('/trust')).toBe('/trust');
  expect(caNameConstraints.parse('a.test')).toEqual({ dns: ['a.test'], ip: [] });
});
