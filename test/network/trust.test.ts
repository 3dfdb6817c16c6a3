import { expect, test } from '@jest/globals';
import { createTrust } from '../../src/network/trust.ts';
import { makeCertificates } from './world.ts';

const { ca } = makeCertificates();

test('verifies every host by default', () => {
  const { verifies } = createTrust({ upstreamCa: [ca], insecureHosts: [] });
  expect(verifies('a.example')).toBe(true);
});

test.each([
  ['a.example', ['a.example', 'A.EXAMPLE']],
  ['A.Example', ['a.example', 'A.EXAMPLE']],
  ['*.example', ['a.example', 'A.EXAMPLE', 'b.a.example', 'aa.example']],
  ['*.a.example', ['b.a.example']],
  ['*', ['a.example', 'A.EXAMPLE', 'b.a.example', 'aa.example', 'example']],
])('opting out with %s spares %j', (pattern, spared) => {
  const { verifies } = createTrust({ upstreamCa: [], insecureHosts: [pattern] });
  const hosts = ['a.example', 'A.EXAMPLE', 'b.a.example', 'aa.example', 'example'];
  expect(hosts.filter((host) => !verifies(host))).toEqual(spared);
});

test('makes the context once', () => {
  const trust = createTrust({ upstreamCa: [ca], insecureHosts: [] });
  expect(trust.context()).toBe(trust.context());
});

test('refuses an authority that is none, naming the option', () => {
  expect(() => createTrust({ upstreamCa: ['nonsense'], insecureHosts: [] })).toThrow(
    expect.objectContaining({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('MAGNETO_UPSTREAM_CA'),
    }),
  );
});
