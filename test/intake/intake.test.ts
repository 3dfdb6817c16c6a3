import type { AddressInfo } from 'node:net';
import { connect as connectTcp, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { duplexPair } from 'node:stream';
import { connect } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import type { Stage } from './tools.ts';
import { allOf, dial, dialTls, next, openTunnel, until, withIntake } from './tools.ts';

const request = 'GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n';

/** An address of this machine that is not loopback. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find((face) => face !== undefined && !face.internal && face.family === 'IPv4')?.address;

describe('listening', () => {
  test('on more than one address; a port that is taken is refused', async () => {
    await withIntake({}, async ({ intake, port }) => {
      await expect(intake.listen('127.0.0.1', port)).rejects.toMatchObject({ code: 'PORT_TAKEN' });
      const second = await intake.listen('127.0.0.2', port);
      expect(second).toEqual({ address: '127.0.0.2', port });
      const client = await dial(port, '127.0.0.2');
      client.write(request);
      expect(await allOf(client)).toContain('GET /x');
    });
  });

  const hasIpv6 = networkInterfaces()['lo']?.some((face) => face.family === 'IPv6') ?? false;
  describeWhere({ ok: hasIpv6, reason: 'IPv6 is off' }, 'with IPv6', () => {
    test('both families share a port, and IPv4 clients keep their own address', async () => {
      await withIntake({ host: '::' }, async ({ port, http }) => {
        for (const host of ['127.0.0.1', '::1']) {
          const client = await dial(port, host);
          client.write(request);
          await allOf(client);
        }
        expect(http.map(({ client }) => client.address)).toEqual(['127.0.0.1', '::1']);
      });
      await withIntake({ host: '0.0.0.0' }, async ({ intake, port }) => {
        expect(await intake.listen('::', port)).toEqual({ address: '::', port });
      });
    });

    test('a certificate for the address that the client came to', async () => {
      await withIntake({ host: '::' }, async ({ port, authority }) => {
        for (const host of ['127.0.0.1', '::1']) {
          const client = await dialTls({ port, host, ca: authority.certificatePem });
          client.destroy();
        }
      });
    });
  });
});

describeWhere({ ok: outside !== undefined, reason: 'no network' }, 'a client', () => {
  test('that is not on the list is told so, and counted', async () => {
    await withIntake({ host: '0.0.0.0' }, async (stage) => {
      const client = await dial(stage.port, outside);
      client.write(request);
      expect(await allOf(client)).toMatch(/^HTTP\/1\.1 403 [^]*CLIENT_NOT_ALLOWED/);
      expect(stage.lost).toMatchObject([
        { where: 'client', error: { code: 'CLIENT_NOT_ALLOWED' } },
      ]);
      const other = await dial(stage.port, outside);
      other.write('*1\r\n');
      expect(await allOf(other)).toBe('');
      expect(stage.lost).toHaveLength(2);
      expect(stage.http).toEqual([]);
    });
  });

  test('that is on the list comes in', async () => {
    const allowClients = ['203.0.113.0/24', `${outside ?? ''}/32`];
    await withIntake({ host: '0.0.0.0', allowClients }, async (stage) => {
      const client = await dial(stage.port, outside);
      client.write(request);
      expect(await allOf(client)).toContain('GET /x');
    });
  });
});

describe('an arrival', () => {
  test('can be reset, whatever lies around it', async () => {
    await withIntake({}, async (stage) => {
      const { socket } = await openTunnel(stage.port, 'a.test:443');
      const trust = { servername: 'a.test', ca: stage.authority.certificatePem };
      const client = await dialTls({ socket, ...trust });
      client.write('GET / HTTP/1.1\r\n');
      await until(() => stage.http.length === 2);
      const gone = new Promise<string>((resolve) => {
        client.once('error', (error) => resolve(String(error)));
      });
      stage.http[1]?.reset();
      expect(await gone).toContain('ECONNRESET');
      await until(() => stage.intake.connections === 0);
    });
  });

  test('may come from elsewhere: its destination is dialled after a silence, and it may still speak', async () => {
    await withIntake({ silenceMs: 20 }, async (stage) => {
      const [left, right] = duplexPair();
      stage.intake.reenter({
        socket: left,
        client: { address: '192.0.2.1', port: 1 },
        session: stage.session,
        destination: { host: 'a.test', port: 80, secure: false },
        depth: 0,
        reset: () => left.destroy(),
      });
      await until(() => stage.offers.length === 1);
      expect(stage.offers).toEqual([{ destination: { host: 'a.test', port: 80, secure: false } }]);
      right.write('*1\r\n');
      expect(await next(right)).toBe('*1\r\n');
    });
  });
});

describe('closing', () => {
  test('ends those that never spoke at once, and the others after the grace', async () => {
    await withIntake({}, async (stage) => {
      const [silent, busy] = [await dial(stage.port), await dial(stage.port)];
      busy.write('GET / HTTP/1.1\r\nA: ');
      await until(() => stage.http.length === 1 && stage.intake.connections === 2);
      const startedAt = performance.now();
      const closing = stage.intake.close(200);
      await allOf(silent);
      expect(performance.now() - startedAt).toBeLessThan(150);
      await until(() => stage.intake.connections === 1);
      await Promise.all([closing, allOf(busy)]);
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(190);
      await until(() => stage.intake.connections === 0);
    });
  });

  test('takes no longer than it has to', async () => {
    await withIntake({}, async ({ intake }) => {
      const startedAt = performance.now();
      await intake.close(5000);
      expect(performance.now() - startedAt).toBeLessThan(1000);
    });
  });
});

describe('a client that dies', () => {
  /** One whole conversation (CONNECT, TLS, HTTP) by way of a relay; whether it succeeded. */
  async function converse(stage: Stage, port: number): Promise<boolean> {
    const raw = await dial(port);
    raw.write('CONNECT a.test:443 HTTP/1.1\r\n\r\n');
    if ((await next(raw)) === '') return false;
    const trust = { servername: 'a.test', ca: stage.authority.certificatePem };
    const client = connect({ socket: raw, ...trust });
    client.on('error', () => {});
    client.write(request);
    const answer = await allOf(client);
    client.destroy();
    raw.destroy();
    return answer.includes('GET /x');
  }

  /** Passes on the first bytes of a client, and then dies in its place. */
  async function withDyingRelay(
    options: { readonly to: number; readonly bytes: number; readonly how: 'end' | 'reset' },
    body: (port: number) => Promise<void>,
  ): Promise<void> {
    const relay = createServer((client) => {
      const server = connectTcp(options.to, '127.0.0.1');
      let left = options.bytes;
      const die = (): void => {
        client.destroy();
        if (options.how === 'end') server.destroy();
        else server.resetAndDestroy();
      };
      for (const socket of [client, server]) socket.on('error', () => {}).on('close', die);
      server.on('data', (bytes: Buffer) => client.write(bytes));
      client.on('data', (bytes: Buffer) => {
        const part = bytes.subarray(0, left);
        left -= part.length;
        server.write(part, () => {
          if (part.length < bytes.length) die();
        });
      });
    });
    await new Promise<void>((resolve) => {
      relay.listen(0, '127.0.0.1', resolve);
    });
    try {
      await body((relay.address() as AddressInfo).port);
    } finally {
      relay.close();
    }
  }

  test.each(['end', 'reset'] as const)(
    'by %s after its n-th byte leaves nothing behind',
    async (how) => {
      await withIntake({ offer: async () => ({ type: 'terms' }) }, async (stage) => {
        let [bytes, succeeded] = [0, false];
        while (!succeeded) {
          await withDyingRelay({ to: stage.port, bytes, how }, async (port) => {
            succeeded = await converse(stage, port);
          });
          bytes += bytes < 40 ? 1 : 7;
        }
        expect(bytes).toBeGreaterThan(300);
        await until(() => stage.intake.connections === 0);
        expect(stage.lost.length).toBeGreaterThan(30);
      });
    },
    60_000,
  );
});
