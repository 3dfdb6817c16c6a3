import { X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { createTrust } from '../../src/network/trust.ts';
import { makeCertificates, withServer } from './world.ts';

const { ca, cert, key } = makeCertificates();

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

describe('a context', () => {
  const own = makeCertificates();
  const clientCertificates = [
    { host: '*.mine.test', certificate: own.cert, key: own.key },
    { host: 'mine.test', certificate: cert, key },
  ];
  const trust = createTrust({
    upstreamCa: [ca],
    insecureHosts: [],
    clientCertificates,
    legacyHosts: ['old.test', 'a.mine.test'],
  });

  test('is made once for each kind of host', () => {
    expect(trust.context('a.test')).toBe(trust.context('b.test'));
    expect(trust.context('b.mine.test')).toBe(trust.context('C.MINE.test'));
    const hosts = ['a.test', 'old.test', 'mine.test', 'a.mine.test', 'b.mine.test'];
    expect(new Set(hosts.map((host) => trust.context(host))).size).toBe(5);
  });

  test.each([
    ['a.mine.test', own.cert],
    ['mine.test', cert],
    ['mine.test.example', undefined],
  ])('shows %s the certificate that is meant for it', async (servername, expected) => {
    const shown = Promise.withResolvers<Buffer | undefined>();
    const options = { cert, key, requestCert: true, rejectUnauthorized: false };
    const server = createServer(options, (socket) => {
      shown.resolve(socket.getPeerX509Certificate()?.raw);
    });
    await withServer(server, async ({ port }) => {
      const secureContext = trust.context(servername);
      const client = connect({ port, servername, secureContext, rejectUnauthorized: false });
      client.on('error', () => {});
      const raw = expected === undefined ? undefined : new X509Certificate(expected).raw;
      expect(await shown.promise).toEqual(raw);
      client.destroy();
    });
  });

  test.each([
    ['old.test', 'TLSv1'],
    ['a.test', undefined],
  ])('speaks TLS 1.0 with %s: %s', async (servername, expected) => {
    const old = { maxVersion: 'TLSv1', minVersion: 'TLSv1' } as const;
    const server = createServer({ cert, key, ...old, ciphers: 'DEFAULT@SECLEVEL=0' });
    server.on('tlsClientError', () => {});
    await withServer(server, async ({ port }) => {
      const secureContext = trust.context(servername);
      const client = connect({ port, servername, secureContext, rejectUnauthorized: false });
      const protocol = await new Promise((resolve) => {
        client.once('secureConnect', () => resolve(client.getProtocol()));
        client.once('error', () => resolve(undefined));
      });
      expect(protocol).toBe(expected);
      client.destroy();
    });
  });
});

test('refuses an authority that is none, naming the option', () => {
  expect(() => createTrust({ upstreamCa: ['nonsense'], insecureHosts: [] })).toThrow(
    expect.objectContaining({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('MAGNETO_UPSTREAM_CA'),
    }),
  );
});
