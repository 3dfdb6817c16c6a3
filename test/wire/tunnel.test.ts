import { expect, test } from '@jest/globals';
import { Failure } from '../../src/exchange/failure.ts';
import { rawClient, say, until, whole, withWire } from './harness.ts';

const never = (): ReturnType<typeof whole> => whole('never');

test('a CONNECT becomes an arrival inside; the bytes behind it are its first', async () => {
  await withWire(never, async ({ port, tunnels }) => {
    const client = await rawClient(port);
    client.send('CONNECT Deep.test:443 HTTP/1.1\r\nHost: x\r\n\r\nfirst');
    await until(
      () => tunnels.length === 1,
      () => 'the tunnel',
    );
    const [tunnel] = tunnels;
    expect(tunnel?.arrival).toMatchObject({
      destination: { host: 'deep.test', port: 443, secure: false },
      depth: 1,
    });
    expect(client.heard()).toBe('');
    tunnel?.accept();
    await client.hears('HTTP/1.1 200 Connection established\r\n\r\n');
    expect(String(tunnel?.arrival.socket.read())).toBe('first');
    client.socket.destroy();
  });
});

test('a refused CONNECT says why, and its connection closes with the client', async () => {
  await withWire(never, async ({ port, tunnels, sockets, failures }) => {
    const client = await rawClient(port);
    client.send('CONNECT deep.test:443 HTTP/1.1\r\n\r\n');
    await until(
      () => tunnels.length === 1,
      () => 'the tunnel',
    );
    tunnels[0]?.refuse(new Failure('UPSTREAM_REFUSED', 'deep.test:443 refused the connection'));
    client.send('bytes that nobody wants');
    const { text, how } = await client.ended();
    expect(text).toMatch(
      /^HTTP\/1.1 502 Bad Gateway\r\n.*X-Magneto-Failure: UPSTREAM_REFUSED\r\n/s,
    );
    expect(how).toBe('FIN');
    expect(failures).toHaveLength(1);
    await until(
      () => sockets[0]?.destroyed === true,
      () => 'our side to close',
    );
  });
});

test.each([
  ['CONNECT nowhere HTTP/1.1', 400, 'DESTINATION_UNKNOWN'],
  ['CONNECT h:99999 HTTP/1.1', 400, 'DESTINATION_UNKNOWN'],
  ['CONNECT 127.0.0.1:8888 HTTP/1.1', 508, 'DESTINATION_IS_PROXY'],
])('%s is refused with %i', async (line, status, code) => {
  await withWire(never, async ({ port, tunnels }) => {
    const { text } = await say(port, `${line}\r\n\r\n`);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} .*X-Magneto-Failure: ${code}\r\n`, 's'));
    expect(tunnels).toEqual([]);
  });
});

test('a CONNECT behind another request waits until that was answered', async () => {
  let answer = (): void => {};
  const open = async (): Promise<ReturnType<typeof whole>> => {
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return whole('one');
  };
  await withWire(open, async ({ port, tunnels, exchanges }) => {
    const client = await rawClient(port);
    client.send('GET http://h/ HTTP/1.1\r\n\r\nCONNECT h:443 HTTP/1.1\r\n\r\n');
    await until(
      () => exchanges.length === 1,
      () => 'the exchange',
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(tunnels).toEqual([]);
    answer();
    await until(
      () => tunnels.length === 1,
      () => 'the tunnel',
    );
    tunnels[0]?.accept();
    await client.hears('established');
    expect(client.heard()).toMatch(/\r\n\r\noneHTTP\/1.1 200 Connection established/);
    client.socket.destroy();
  });
});

test('an error in a tunnel that waits is told, not thrown', async () => {
  await withWire(never, async ({ port, tunnels, lost }) => {
    const client = await rawClient(port);
    client.send('CONNECT h:443 HTTP/1.1\r\n\r\n');
    await until(
      () => tunnels.length === 1,
      () => 'the tunnel',
    );
    client.socket.resetAndDestroy();
    await until(
      () => lost.length === 1,
      () => 'the loss',
    );
  });
});
