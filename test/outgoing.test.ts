import { hostname } from 'node:os';
import { expect, test } from '@jest/globals';
import { loadSettings } from '../src/config/config.ts';
import { liveNames, networkOptions } from '../src/outgoing.ts';

test('the network is reached as the settings say', () => {
  const { settings } = loadSettings({
    env: {
      MAGNETO_UPSTREAM_PROXY: 'http://proxy.test:3128',
      MAGNETO_UPSTREAM_NO_PROXY: '.local',
      MAGNETO_UPSTREAM_INSECURE_HOSTS: 'a.test',
    },
  });
  expect(networkOptions(settings)).toEqual({
    upstreamCa: [],
    insecureHosts: ['a.test'],
    upstreamProxy: { host: 'proxy.test', port: 3128, secure: false, noProxy: ['*.local'] },
  });
  expect(networkOptions(loadSettings({ env: {} }).settings)).toEqual({
    upstreamCa: [],
    insecureHosts: [],
  });
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
