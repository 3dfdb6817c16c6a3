import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { Offer } from '../../src/exchange/upstream.ts';
import type { AskUntouched } from '../../src/intake/untouched.ts';
import type { StageOptions } from './tools.ts';
import { allOf, dial, helloBytes, next, openTunnel, pause, until, withIntake } from './tools.ts';

const away = { address: '10.0.0.9', port: 8443 };
const byHost: AskUntouched = ({ host }) => (host === 'db.test' ? 'live' : undefined);
const byServerName: AskUntouched = (_, hello) =>
  hello?.serverName === 'pinned.test' ? 'passthrough' : undefined;

describe('what is live by its destination', () => {
  test('goes out of a tunnel as it came, and nobody waits for it to speak', async () => {
    await withIntake(
      { untouched: byHost, silenceMs: 60_000 },
      async ({ port, streams, offers }) => {
        const { socket, answer } = await openTunnel(port, 'db.test:5432');
        expect(answer).toContain('200');
        await until(() => streams.length === 1);
        socket.write('\x16\x03\x01 what looks like TLS and is none');
        expect(await next(socket)).toMatch(/what looks like TLS/);
        expect(streams[0]).toMatchObject({
          destination: { host: 'db.test', port: 5432, secure: false },
          untouched: 'live',
        });
        // The offer before the CONNECT was answered is the only one.
        expect(offers).toHaveLength(1);
        socket.destroy();
      },
    );
  });

  test('goes on from the kernel likewise, with the address that it told', async () => {
    const untouched: AskUntouched = ({ address }) => (address === '10.0.0.9' ? 'live' : undefined);
    const options = { untouched, originalDestination: () => away, silenceMs: 60_000 };
    await withIntake(options, async ({ port, streams, http }) => {
      const client = await dial(port);
      await until(() => streams.length === 1);
      client.write('GET / HTTP/1.1\r\n\r\n');
      expect(await next(client)).toBe('GET / HTTP/1.1\r\n\r\n');
      expect(streams[0]?.destination).toMatchObject({ address: '10.0.0.9', port: 8443 });
      expect(http).toEqual([]);
      client.destroy();
    });
  });

  test('and is not there resets a captured client', async () => {
    const gone: Offer = { type: 'ended', ending: { type: 'refused' } };
    const options: StageOptions = {
      untouched: () => 'live',
      originalDestination: () => away,
      offer: () => Promise.resolve(gone),
    };
    await withIntake(options, async ({ port, streams }) => {
      const client = await dial(port);
      await allOf(client);
      expect(client.errored).toMatchObject({ code: 'ECONNRESET' });
      expect(streams).toEqual([]);
    });
  });

  test('and is a connection of our own is a loop', async () => {
    const loops: string[] = [];
    const options: StageOptions = {
      untouched: () => 'live',
      originalDestination: () => away,
      isOwnSocket: () => true,
      onLoop: ({ code }) => void loops.push(code),
    };
    await withIntake(options, async ({ port, streams, offers }) => {
      await allOf(await dial(port));
      expect(loops).toEqual(['DESTINATION_IS_PROXY']);
      expect([...streams, ...offers]).toEqual([]);
    });
  });
});

describe('what is passed through by its server name', () => {
  const hello = helloBytes({ serverName: 'pinned.test' });

  test('keeps its TLS, hello included', async () => {
    await withIntake({ untouched: byServerName }, async ({ port, streams }) => {
      const { socket } = await openTunnel(port, 'pinned.test:443');
      socket.write(hello);
      const echoed = await once(socket.resume(), 'data');
      expect(echoed[0]).toEqual(hello);
      expect(streams).toMatchObject([
        { destination: { host: 'pinned.test', secure: false }, untouched: 'passthrough' },
      ]);
      socket.destroy();
    });
  });

  test('names a captured destination', async () => {
    const options = { untouched: byServerName, originalDestination: () => away };
    await withIntake(options, async ({ port, streams }) => {
      const client = await dial(port);
      client.write(hello);
      await until(() => streams.length === 1);
      expect(streams[0]?.destination).toEqual({
        host: 'pinned.test',
        port: 8443,
        secure: false,
        address: '10.0.0.9',
        learnt: 'sni',
      });
      client.destroy();
    });
  });

  test('is no matter of what is not TLS', async () => {
    await withIntake({ untouched: byServerName }, async ({ port, http }) => {
      const { socket } = await openTunnel(port, 'pinned.test:443');
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      expect(await next(socket)).toContain('200');
      expect(http.at(-1)?.untouched).toBeUndefined();
      socket.destroy();
    });
  });
});

describe('what is likely live, and is not there', () => {
  const gone: Offer = { type: 'ended', ending: { type: 'refused' } };
  const options: StageOptions = {
    originalDestination: () => away,
    silenceMs: 20,
    offer: ({ host }) => Promise.resolve(host === '10.0.0.9' ? gone : { type: 'unknown' }),
  };

  test('resets a client that has said nothing', async () => {
    await withIntake({ ...options, likely: () => 'alone' }, async ({ port }) => {
      const client = await dial(port);
      await allOf(client);
      expect(client.errored).toMatchObject({ code: 'ECONNRESET' });
    });
  });

  test('does not where others share the address, whom the client may yet name', async () => {
    await withIntake({ ...options, likely: () => 'shared' }, async ({ port, http }) => {
      const client = await dial(port);
      await pause(80);
      client.write('GET /late HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
      expect(await allOf(client)).toContain('/late');
      expect(http).toHaveLength(1);
    });
  });
});
