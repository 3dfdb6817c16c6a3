import type { TLSSocket } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import type { Offer } from '../../src/exchange/upstream.ts';
import { describeWhere } from '../skip.ts';
import { program, run } from '../tls/tools.ts';
import type { Stage } from './tools.ts';
import {
  allOf,
  dial,
  dialTls,
  helloBytes,
  next,
  openTunnel,
  pause,
  until,
  withIntake,
} from './tools.ts';

const request = 'GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n';

/** A TLS session inside a tunnel. */
async function secureTunnel(stage: Stage, authority: string): Promise<TLSSocket> {
  const { socket } = await openTunnel(stage.port, authority);
  const servername = authority.replace(/:\d+$/, '');
  return dialTls({ socket, servername, ca: stage.authority.certificatePem });
}

describe('plain bytes', () => {
  test('HTTP comes to the wire, from the very first byte', async () => {
    await withIntake({}, async (stage) => {
      const client = await dial(stage.port);
      for (const byte of request) {
        client.write(byte);
        await pause(0);
      }
      expect(await allOf(client)).toMatch(/^HTTP\/1\.1 200 [^]*GET \/x/);
      const [arrival] = stage.http;
      expect(arrival).toMatchObject({ depth: 0, client: { address: '127.0.0.1' } });
      expect(arrival?.destination).toBeUndefined();
      expect(arrival?.session).toBe(stage.session);
    });
  });

  test('a raw stream to nowhere is dropped and counted', async () => {
    await withIntake({}, async (stage) => {
      const client = await dial(stage.port);
      client.write('*1\r\n$4\r\nPING\r\n');
      expect(await allOf(client)).toBe('');
      expect(stage.lost).toHaveLength(1);
      expect(String(stage.lost[0]?.error)).toContain('without a destination');
    });
  });

  test('a broken hello is answered with an alert', async () => {
    await withIntake({}, async (stage) => {
      const client = await dial(stage.port);
      client.write(Buffer.from([22, 3, 1, 0, 5, 9, 9, 9, 9, 9]));
      expect(await allOf(client)).toBe('\u0015\u0003\u0003\u0000\u0002\u0002\u0032');
      expect(stage.lost).toMatchObject([{ where: 'tls', error: { code: 'CLIENT_HELLO_BROKEN' } }]);
    });
  });
});

describe('a CONNECT', () => {
  test('to a raw server is relayed', async () => {
    await withIntake({ offer: async () => ({ type: 'terms' }) }, async (stage) => {
      const { socket, answer } = await openTunnel(stage.port, 'redis.test:6379');
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      socket.write('*1\r\nPING');
      expect(await next(socket)).toBe('*1\r\nPING');
      const [arrival] = stage.streams;
      expect(arrival?.destination).toEqual({ host: 'redis.test', port: 6379, secure: false });
      expect(arrival?.depth).toBe(1);
      expect(stage.offers).toHaveLength(1);
    });
  });

  test('keeps the few bytes of a client that ends at once', async () => {
    await withIntake({}, async (stage) => {
      const { socket } = await openTunnel(stage.port, 'a.test:7');
      socket.end('hello');
      expect(await allOf(socket)).toBe('hello');
      expect(stage.streams).toHaveLength(1);
    });
  });

  test('to a server that speaks first is a raw stream', async () => {
    let speak = (): void => {};
    const spoke = new Promise<void>((resolve) => {
      speak = resolve;
    });
    const offer = async (): Promise<Offer> => ({ type: 'terms', serverSpoke: spoke });
    await withIntake({ offer }, async (stage) => {
      await openTunnel(stage.port, 'mail.test:25');
      await pause(20);
      expect(stage.streams).toHaveLength(0);
      speak();
      await until(() => stage.streams.length === 1);
    });
  });

  test('holds plain HTTP too', async () => {
    await withIntake({}, async (stage) => {
      const { socket } = await openTunnel(stage.port, 'a.test:80');
      socket.write(request);
      expect(await allOf(socket)).toContain('GET /x');
      expect(stage.http[1]?.destination).toEqual({ host: 'a.test', port: 80, secure: false });
    });
  });

  test.each<[Offer & { type: 'ended' }, string]>([
    [{ type: 'ended', ending: { type: 'refused' } }, 'UPSTREAM_REFUSED'],
    [{ type: 'ended', ending: { type: 'timedOut' } }, 'UPSTREAM_TIMED_OUT'],
    [{ type: 'ended', ending: { type: 'dns', code: 'ENOTFOUND' } }, 'UPSTREAM_NAME_NOT_FOUND'],
  ])('is refused where the offer ended: %j', async (offer, code) => {
    await withIntake({ offer: async () => offer }, async (stage) => {
      const { answer } = await openTunnel(stage.port, 'a.test:81');
      expect(answer).toMatch(/^HTTP\/1\.1 502 /);
      expect(stage.tunnelFailures).toMatchObject([
        { code, message: expect.stringContaining('a.test:81') },
      ]);
    });
  });

  test('is dropped where the server reset it, or the upstream has a bug', async () => {
    for (const offer of [
      async (): Promise<Offer> => ({ type: 'ended', ending: { type: 'reset', by: 'server' } }),
      (): Promise<Offer> => Promise.reject(new Error('a bug')),
    ]) {
      await withIntake({ offer }, async (stage) => {
        const client = await dial(stage.port);
        client.write('CONNECT a.test:1 HTTP/1.1\r\n\r\n');
        expect(await allOf(client)).toBe('');
        expect(stage.lost).toHaveLength(1);
      });
    }
  });

  test('whose client has gone in the meantime is let go', async () => {
    let answer = (_offer: Offer): void => {};
    const offer = (): Promise<Offer> =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await withIntake({ offer }, async (stage) => {
      const client = await dial(stage.port);
      client.write('CONNECT a.test:1 HTTP/1.1\r\n\r\n');
      await until(() => stage.offers.length === 1);
      client.resetAndDestroy();
      await until(() => stage.intake.connections === 0);
      answer({ type: 'terms' });
      await until(() => stage.lost.some(({ where }) => where === 'connect'));
    });
  });

  test('for our own name or listeners asks nobody', async () => {
    await withIntake({ isOwn: ({ port }) => port === 8888 }, async (stage) => {
      for (const authority of ['magneto.local:443', 'a.test:8888']) {
        const { answer } = await openTunnel(stage.port, authority);
        expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      }
      expect(stage.offers).toEqual([]);
      const { socket } = await openTunnel(stage.port, 'a.test:8888');
      socket.write('*1\r\n');
      expect(await allOf(socket)).toBe('');
      expect(stage.streams).toEqual([]);
    });
  });
});

describe('TLS', () => {
  test('in a tunnel: the upstream hears of the hello, the wire gets what is inside', async () => {
    await withIntake({}, async (stage) => {
      const client = await secureTunnel(stage, 'a.test:8443');
      client.write(request);
      expect(await allOf(client)).toContain('GET /x');
      expect(stage.offers).toEqual([
        { destination: { host: 'a.test', port: 8443, secure: false } },
        {
          destination: { host: 'a.test', port: 8443, secure: true },
          hello: { serverName: 'a.test', alpn: [] },
        },
      ]);
      expect(stage.http[1]).toMatchObject({
        destination: { host: 'a.test', port: 8443, secure: true },
        depth: 2,
      });
      expect(stage.refused).toEqual([]);
    });
  });

  test('is accepted whatever the offer says: the client meets the ending inside', async () => {
    for (const type of ['refused', 'timedOut'] as const) {
      const offer: Parameters<typeof withIntake>[0]['offer'] = async (destination) =>
        destination.secure ? { type: 'ended', ending: { type } } : { type: 'unknown' };
      await withIntake({ offer }, async (stage) => {
        const client = await secureTunnel(stage, 'a.test:443');
        client.write(request);
        expect(await allOf(client)).toContain('GET /x');
      });
    }
  });

  test('straight to the port goes to its server name', async () => {
    await withIntake({}, async (stage) => {
      const trust = { port: stage.port, ca: stage.authority.certificatePem };
      const client = await dialTls({ ...trust, servername: 'direct.test' });
      client.write(request);
      expect(await allOf(client)).toContain('GET /x');
      expect(stage.http[0]?.destination).toEqual({
        host: 'direct.test',
        port: 443,
        secure: true,
        learnt: 'sni',
      });
    });
  });

  test('without a server name has a certificate for the address of the tunnel, or our own', async () => {
    await withIntake({}, async (stage) => {
      const trust = { ca: stage.authority.certificatePem };
      await dialTls({ ...trust, port: stage.port, host: '127.0.0.1' });
      const { socket } = await openTunnel(stage.port, '192.0.2.1:443');
      const shown = await dialTls({ ...trust, socket, host: '192.0.2.1' });
      expect(shown.getPeerX509Certificate()?.subjectAltName).toBe('IP Address:192.0.2.1');
    });
  });

  test('holds a raw stream, also of a server that speaks first', async () => {
    const offer = async (): Promise<Offer> => ({ type: 'terms' });
    await withIntake({ offer }, async (stage) => {
      const client = await secureTunnel(stage, 'redis.test:6380');
      client.write('*1\r\n');
      expect(await next(client)).toBe('*1\r\n');
      expect(stage.streams[0]?.destination?.secure).toBe(true);
    });
    const first: Parameters<typeof withIntake>[0]['offer'] = async (destination) =>
      destination.secure ? { type: 'terms', serverSpoke: Promise.resolve() } : { type: 'terms' };
    await withIntake({ offer: first }, async (stage) => {
      await secureTunnel(stage, 'imap.test:993');
      await until(() => stage.streams.length === 1);
    });
  });

  test('within TLS within tunnels goes on, but not for ever', async () => {
    await withIntake({}, async (stage) => {
      const trust = { ca: stage.authority.certificatePem, servername: 'a.test' };
      let client = await dialTls({ ...trust, port: stage.port });
      const deepen = async (): Promise<void> => {
        client.write('CONNECT a.test:443 HTTP/1.1\r\n\r\n');
        await next(client);
        client = await dialTls({ ...trust, socket: client });
      };
      for (let depth = 1; depth < 7; depth += 2) await deepen();
      client.write(request);
      expect(await allOf(client)).toContain('GET /x');
      client = await dialTls({ ...trust, port: stage.port });
      for (let depth = 1; depth < 7; depth += 2) await deepen();
      client.on('error', () => {});
      client.write('CONNECT a.test:443 HTTP/1.1\r\n\r\n');
      await next(client);
      client.write('CONNECT a.test:443 HTTP/1.1\r\n\r\n');
      await next(client);
      client.write(request);
      expect(await allOf(client)).toBe('');
      expect(stage.lost.map(({ error }) => String(error)).join()).toContain('more than 8 tunnels');
    });
  });

  test('keeps a client waiting for its session no longer than it lives', async () => {
    let answer = (_offer: Offer): void => {};
    const offer = (): Promise<Offer> =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await withIntake({ offer }, async (stage) => {
      const client = await dial(stage.port);
      client.write(helloBytes({ serverName: 'a.test' }));
      await until(() => stage.offers.length === 1);
      client.resetAndDestroy();
      await until(() => stage.intake.connections === 0);
      answer({ type: 'terms' });
      await until(() => stage.lost.some(({ where }) => where === 'tls'));
    });
  });
});

describeWhere(program('curl', '--version'), 'curl', () => {
  test('goes through, by any kind of proxy', async () => {
    await withIntake({}, async (stage) => {
      const file = stage.authority.certificateFile;
      const trust = ['-sS', '--cacert', file, '--proxy-cacert', file];
      for (const proxy of ['http://127.0.0.1', 'https://127.0.0.1', 'https://localhost']) {
        const through = ['--ipv4', '--proxy', `${proxy}:${stage.port}`];
        for (const flag of ['--http2', '--http1.1']) {
          const url = 'https://a.test/y';
          expect(await run('curl', ...trust, ...through, flag, url)).toBe('GET /y');
        }
        expect(await run('curl', ...trust, ...through, 'http://a.test/z')).toContain('/z');
      }
    });
  });
});
