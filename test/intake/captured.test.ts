import { describe, expect, test } from '@jest/globals';
import type { OriginalDestination } from '../../src/capture/original-destination.ts';
import type { Redirected } from '../../src/exchange/arrival.ts';
import type { Offer } from '../../src/exchange/upstream.ts';
import type { StageOptions } from './tools.ts';
import { allOf, dial, dialTls, until, withIntake } from './tools.ts';

const away: OriginalDestination = { address: '10.0.0.9', port: 8443 };
const capturing: StageOptions = { originalDestination: () => away };
const request = 'GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n';

describe('a captured client', () => {
  test('comes to the wire with the address that the kernel told', async () => {
    await withIntake(capturing, async ({ port, http }) => {
      const client = await dial(port);
      client.write(request);
      await allOf(client);
      const destination = { host: '10.0.0.9', port: 8443, secure: false, address: '10.0.0.9' };
      expect(http.map((arrival) => arrival.destination)).toEqual([destination]);
    });
  });

  test('that speaks TLS names its host', async () => {
    await withIntake(capturing, async ({ port, http, authority, offers }) => {
      const client = await dialTls({ port, ca: authority.certificatePem, servername: 'a.test' });
      client.write(request);
      await until(() => http.length === 1);
      client.destroy();
      const destination = {
        host: 'a.test',
        port: 8443,
        secure: true,
        address: '10.0.0.9',
        learnt: 'sni',
      };
      expect(http[0]?.destination).toEqual(destination);
      expect(offers).toMatchObject([{ destination, hello: { serverName: 'a.test' } }]);
    });
  });

  test.each(['tls', 'silence'])('of a server that refuses is reset (%s)', async (how) => {
    const refused: Offer = { type: 'ended', ending: { type: 'refused' } };
    const options = { ...capturing, silenceMs: 20, offer: () => Promise.resolve(refused) };
    await withIntake(options, async ({ port, authority }) => {
      if (how === 'tls') {
        const going = dialTls({ port, ca: authority.certificatePem, servername: 'a.test' });
        await expect(going).rejects.toMatchObject({ code: 'ECONNRESET' });
        return;
      }
      const client = await dial(port);
      await allOf(client);
      expect(client.errored).toMatchObject({ code: 'ECONNRESET' });
    });
  });

  test('that is ourselves is reset, asks nobody, and is told of', async () => {
    const loops: string[] = [];
    const asked: Redirected[] = [];
    const options = {
      ...capturing,
      silenceMs: 20,
      isOwnSocket: (connection: Redirected) => asked.push(connection) > 0,
      onLoop: ({ code }: { readonly code: string }) => void loops.push(code),
    };
    await withIntake(options, async ({ port, offers }) => {
      const client = await dial(port);
      const { localPort } = client;
      await new Promise((resolve) => setTimeout(resolve, 60));
      client.write(request);
      await allOf(client);
      expect(client.errored).toMatchObject({ code: 'ECONNRESET' });
      expect(loops).toEqual(['DESTINATION_IS_PROXY']);
      expect(asked[0]?.from).toEqual({ address: '127.0.0.1', port: localPort });
      expect(asked[0]?.to).toEqual(away);
      expect(asked[0]?.cameMs).toBeLessThan(performance.now());
      expect(offers).toEqual([]);
    });
  });
});

test('a client that wanted to come here is an explicit one', async () => {
  const port = { own: 0 };
  const options: StageOptions = {
    originalDestination: () => ({ address: '127.0.0.1', port: port.own }),
  };
  await withIntake(options, async (stage) => {
    port.own = stage.port;
    const client = await dial(stage.port);
    client.write(request);
    await allOf(client);
    expect(stage.http[0]?.destination).toBeUndefined();
  });
});
