import { hostname } from 'node:os';
import { expect, test } from '@jest/globals';
import { loadSettings } from '../src/config/config.ts';
import { liveNames, networkOptions } from '../src/outgoing.ts';

const read = { upstreamCa: ['pem'], clientCertificates: [], failures: [] };

test('the network is reached as the settings say', () => {
  const { settings } = loadSettings({
    env: {
      MAGNETO_UPSTREAM_PROXY: 'http://proxy.test:3128',
      MAGNETO_UPSTREAM_NO_PROXY: '.local',
      MAGNETO_UPSTREAM_INSECURE_HOSTS: 'a.test',
      MAGNETO_UPSTREAM_LEGACY_TLS_HOSTS: 'old.test',
    },
  });
  expect(networkOptions(settings, read)).toEqual({
    upstreamCa: ['pem'],
    clientCertificates: [],
    insecureHosts: ['a.test'],
    legacyHosts: ['old.test'],
    http2: true,
    upstreamProxy: { host: 'proxy.test', port: 3128, secure: false, noProxy: ['*.local'] },
  });
  expect(networkOptions(loadSettings({ env: {} }).settings, read)).toEqual({
    upstreamCa: ['pem'],
    clientCertificates: [],
    insecureHosts: [],
    legacyHosts: [],
    http2: true,
  });
});

test('a gateway does not dial an address of its own that it told to clients', () => {
  const { settings } = loadSettings({ env: { MAGNETO_GATEWAY: 'true' } });
  const { leadsBack } = networkOptions(settings, read);
  expect([leadsBack?.('127.0.0.1'), leadsBack?.('192.0.2.77')]).toEqual([true, false]);
});

test('names are asked for only where they are captured', () => {
  expect(liveNames(loadSettings({ env: {} }).settings)).toBeUndefined();
  const names = liveNames(loadSettings({ env: { MAGNETO_TRANSPARENT: 'true' } }).settings);
  expect(names).toMatchObject({
    search: expect.any(Array),
    ownName: hostname(),
    resolver: expect.any(Object),
  });
});
