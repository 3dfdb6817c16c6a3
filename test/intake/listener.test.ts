import { networkInterfaces } from 'node:os';
import { expect, test } from '@jest/globals';
import { openListener } from '../../src/intake/listener.ts';
import { describeWhere } from '../skip.ts';
import { dial } from './tools.ts';

const ignored = { socket: () => {}, error: () => {} };

function open(host: string, port: number, ipv6Only = false): ReturnType<typeof openListener> {
  return openListener({ host, port, ipv6Only }, ignored);
}

test('hands over each socket, half-open allowed', async () => {
  const sockets: boolean[] = [];
  const listener = await openListener(
    { host: '127.0.0.1', port: 0, ipv6Only: false },
    {
      socket: (socket) => {
        sockets.push(socket.allowHalfOpen);
        socket.destroy();
      },
      error: () => {},
    },
  );
  const client = await dial(listener.port);
  await new Promise((resolve) => {
    client.once('close', resolve);
    client.resume();
  });
  expect(sockets).toEqual([true]);
  expect(listener.address).toBe('127.0.0.1');
  listener.server.close();
});

test('a port that is taken is named', async () => {
  const first = await open('127.0.0.1', 0);
  const second = open('127.0.0.1', first.port);
  await expect(second).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: `127.0.0.1:${first.port}`,
  });
  first.server.close();
});

test('an address that this machine has not is told from a mistake by its cause', async () => {
  await expect(open('2001:db8::1', 0)).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining('[2001:db8::1]:0'),
    cause: { code: expect.stringMatching(/^(EADDRNOTAVAIL|EAFNOSUPPORT)$/) },
  });
  await expect(open('no such host', 0)).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
});

const hasIpv6 = networkInterfaces()['lo']?.some((face) => face.family === 'IPv6') ?? false;

describeWhere({ ok: hasIpv6, reason: 'IPv6 is off' }, 'IPv6', () => {
  test('may share the port of IPv4', async () => {
    const four = await open('0.0.0.0', 0);
    const six = await open('::', four.port, true);
    expect(six.port).toBe(four.port);
    six.server.close();
    four.server.close();
  });
});
