import type { Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { dial, secure } from '../../src/network/dial.ts';
import { createTrust } from '../../src/network/trust.ts';
import { eventually, makeCertificates, withServer } from './world.ts';

const { ca, cert, key } = makeCertificates();
const trust = createTrust({ upstreamCa: [ca], insecureHosts: [] });

describe('dialling', () => {
  test('resolves with a connected socket that was tracked from its beginning', async () => {
    await withServer(
      () => {},
      async ({ destination }) => {
        const tracked: Socket[] = [];
        const socket = await dial(destination, { track: (made) => tracked.push(made) });
        expect(tracked).toEqual([socket]);
        expect(socket).toMatchObject({ connecting: false, allowHalfOpen: true });
        expect(socket.emit('error', new Error('late'))).toBe(true);
        socket.destroy();
      },
    );
  });

  test('finds a server on one of the addresses of a name', async () => {
    await withServer(
      () => {},
      async ({ port }) => {
        const socket = await dial({ host: 'localhost', port });
        expect(socket.remoteAddress).toBe('127.0.0.1');
        socket.destroy();
      },
    );
  });

  test('nobody throws the ending', async () => {
    await expect(dial({ host: '127.0.0.1', port: 1 })).rejects.toMatchObject({
      name: 'Unreachable',
      ending: { type: 'refused' },
      cause: { code: 'ECONNREFUSED' },
    });
  });

  test('what this machine cannot dial is a failure that names it', async () => {
    const exhausted = Object.assign(new Error('no more files'), { code: 'EMFILE' });
    const track = (socket: Socket): unknown => socket.destroy(exhausted);
    await expect(dial({ host: '127.0.0.1', port: 1 }, { track })).rejects.toMatchObject({
      code: 'DIAL_FAILED',
      message: '127.0.0.1 port 1: EMFILE',
      cause: exhausted,
    });
  });

  test('is given up when the client goes, before or amid it', async () => {
    const tracked: Socket[] = [];
    const track = (made: Socket): number => tracked.push(made);
    const controller = new AbortController();
    const ending = { type: 'reset', by: 'client' };
    // Reserved for documentation (RFC 5737): nobody answers there.
    const dialling = dial({ host: '192.0.2.1', port: 9 }, { signal: controller.signal, track });
    controller.abort(ending);
    await expect(dialling).rejects.toMatchObject({ ending });
    const late = dial({ host: '192.0.2.1', port: 9 }, { signal: controller.signal, track });
    await expect(late).rejects.toMatchObject({ ending });
    expect(tracked.map((socket) => socket.destroyed)).toEqual([true, true]);
  });
});

describe('a handshake', () => {
  test('resolves with the TLS socket and what was negotiated', async () => {
    const server = createTlsServer({ cert, key, ALPNProtocols: ['http/1.1'] });
    await withServer(server, async ({ destination }) => {
      const socket = await dial(destination);
      const alpn = ['h2', 'http/1.1'];
      const encrypted = await secure(socket, { name: 'a.test', alpn, trust });
      expect(encrypted).toMatchObject({ alpnProtocol: 'http/1.1', authorized: true });
      encrypted.destroy();
      await eventually(() => socket.destroyed);
    });
  });

  test('that fails destroys the connection and throws the ending', async () => {
    await withServer(createTlsServer({ cert, key }), async ({ destination }) => {
      const socket = await dial(destination);
      const shaking = secure(socket, { name: 'c.test', alpn: [], trust });
      await expect(shaking).rejects.toMatchObject({
        ending: { type: 'tls', code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
      });
      expect(socket.destroyed).toBe(true);
    });
  });

  test('is given up when the client goes', async () => {
    await withServer(
      (socket) => socket.resume(),
      async ({ destination }) => {
        const socket = await dial(destination);
        const controller = new AbortController();
        const { signal } = controller;
        const shaking = secure(socket, { name: 'a.test', alpn: [], trust, signal });
        controller.abort({ type: 'cut', by: 'client' });
        await expect(shaking).rejects.toMatchObject({ ending: { type: 'cut', by: 'client' } });
        expect(socket.destroyed).toBe(true);
      },
    );
  });
});
