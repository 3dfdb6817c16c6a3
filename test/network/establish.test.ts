import type { Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { createEstablish } from '../../src/network/establish.ts';
import type { UpstreamProxy } from '../../src/network/proxy.ts';
import { createTrust } from '../../src/network/trust.ts';
import { heard, makeCertificates, withServer } from './world.ts';

const { ca, cert, key } = makeCertificates();
const trust = createTrust({ upstreamCa: [ca], insecureHosts: [] });
const proxy: UpstreamProxy = { host: '127.0.0.1', port: 1, secure: false, noProxy: ['a.example'] };

describe('a new connection', () => {
  test('leads to the address that the kernel named, where it did', async () => {
    await withServer(
      () => {},
      async ({ port }) => {
        const tracked: Socket[] = [];
        const { plain } = createEstablish({ trust, track: (socket) => tracked.push(socket) });
        const destination = { host: 'nobody.invalid', address: '127.0.0.1', port, secure: false };
        const connection = await plain(destination, {});
        expect(connection).toMatchObject({ absolute: false, open: true });
        expect(tracked).toEqual([connection.transport]);
        connection.socket.destroy();
      },
    );
  });

  test('goes by the name of a host whose address leads back to ourselves', async () => {
    await withServer(
      () => {},
      async ({ port }) => {
        const leadsBack = (address: string): boolean => address === '192.0.2.7';
        const { plain } = createEstablish({ trust, track: () => {}, leadsBack });
        const destination = { host: 'localhost', address: '192.0.2.7', port, secure: false };
        const connection = await plain(destination, {});
        expect(connection.open).toBe(true);
        connection.socket.destroy();
      },
    );
  });

  test('in TLS knows its protocol and the socket below', async () => {
    const server = createTlsServer({ cert, key, ALPNProtocols: ['x'] });
    await withServer(server, async ({ destination }) => {
      const { plain, encrypted } = createEstablish({ trust, track: () => {} });
      const below = await plain(destination, {});
      const connection = await encrypted(below, { name: 'a.test', alpn: ['x'] });
      expect(connection.alpn).toBe('x');
      expect(connection.transport).toBe(below.transport);
      expect(connection.socket).not.toBe(below.socket);
      connection.socket.destroy();
    });
  });

  test('to the proxy is for whole URLs; one through it is not', async () => {
    const serve = (socket: Socket): void => {
      void heard(socket, '\r\n\r\n').then(() => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    };
    await withServer(serve, async ({ port }) => {
      const via = { ...proxy, port };
      const { plain, toProxy } = createEstablish({ trust, proxy: via, track: () => {} });
      const straight = await toProxy(via, {});
      expect(straight.absolute).toBe(true);
      const tunnel = await plain({ host: 'b.example', port: 80, secure: false }, {});
      expect(tunnel.absolute).toBe(false);
      straight.socket.destroy();
      tunnel.socket.destroy();
    });
  });

  test('passes the proxy by where the list says so, or there is none', () => {
    const destination = { host: 'b.example', port: 80, secure: false };
    const { proxyFor } = createEstablish({ trust, proxy, track: () => {} });
    expect(proxyFor(destination)).toBe(proxy);
    expect(proxyFor({ ...destination, host: 'a.example' })).toBeUndefined();
    const without = createEstablish({ trust, track: () => {} });
    expect(without.proxyFor(destination)).toBeUndefined();
  });
});
