import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { endianness } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import {
  openOriginalDestinations,
  readSocketAddress,
} from '../../src/capture/original-destination.ts';

/** A `sockaddr` with its family in this machine's byte order. */
function socketAddress(family: number, rest: readonly number[]): Buffer {
  const first = endianness() === 'LE' ? [family, 0] : [0, family];
  return Buffer.concat([Buffer.from([...first, ...rest]), Buffer.alloc(28)], 28);
}

const ipv6 = (...groups: readonly number[]): readonly number[] => [
  1,
  187,
  0,
  0,
  0,
  0,
  ...groups.flatMap((group) => [group >> 8, group & 255]),
];

describe('a socket address', () => {
  test.each([
    [socketAddress(2, [0, 80, 93, 184, 216, 34]), { address: '93.184.216.34', port: 80 }],
    [socketAddress(2, [31, 144, 1, 2, 3, 4]), { address: '1.2.3.4', port: 8080 }],
    [
      socketAddress(10, ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7)),
      { address: '2001:db8::7', port: 443 },
    ],
    [
      socketAddress(10, ipv6(0, 0, 0, 0, 0, 0xffff, 0x0102, 0x0304)),
      { address: '1.2.3.4', port: 443 },
    ],
    [socketAddress(1, []), undefined],
  ])('%# is read', (bytes, expected) => {
    expect(readSocketAddress(bytes)).toEqual(expected);
  });
});

async function accepted(use: (socket: Socket) => void): Promise<void> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  try {
    use(socket);
  } finally {
    client.destroy();
    socket.destroy();
    server.close();
  }
}

describe('the kernel', () => {
  test('is asked by socket, at the level of its family', async () => {
    const asked: number[][] = [];
    const ask = await openOriginalDestinations(() =>
      Promise.resolve((...[fd, level, option, value, length]) => {
        asked.push([Number(fd > 2), level, option, length[0] ?? 0]);
        value.set(socketAddress(2, [0, 80, 1, 2, 3, 4]));
        return 0;
      }),
    );
    await accepted((socket) => expect(ask(socket)).toEqual({ address: '1.2.3.4', port: 80 }));
    expect(asked).toEqual([[1, 0, 80, 28]]);
  });

  test('knows of no redirection where there was none', async () => {
    const ask = await openOriginalDestinations();
    await accepted((socket) => {
      const { localAddress: address, localPort: port } = socket;
      const told = ask(socket);
      // Where this namespace tracks connections, the destination is what it always was.
      expect([undefined, JSON.stringify({ address, port })]).toContain(
        told === undefined ? undefined : JSON.stringify(told),
      );
      socket.destroy();
      expect(ask(socket)).toBeUndefined();
    });
  });

  test('that cannot be asked is a failure of its own', async () => {
    const opening = openOriginalDestinations(() =>
      Promise.reject(new Error('cannot find it\nsomewhere')),
    );
    await expect(opening).rejects.toMatchObject({
      code: 'ORIGINAL_DESTINATION_UNAVAILABLE',
      message: 'the library that asks the kernel cannot be loaded (cannot find it)',
    });
  });
});
