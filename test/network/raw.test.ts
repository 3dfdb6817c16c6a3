import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { Part } from '../../src/exchange/conversation.ts';
import { createChannel } from '../../src/support/channel.ts';
import {
  bytesOf,
  eventually,
  heard,
  part,
  partsOf,
  sleep,
  streaming,
  textOf,
  withNetwork,
  withServer,
} from './world.ts';

/** Answers each byte with itself, and an end with an end. */
function echo(socket: Socket): void {
  socket.pipe(socket);
}

describe('a raw stream', () => {
  test('goes both ways, and ends when both have said all', async () => {
    await withServer(echo, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const answer = await network.open(streaming(destination, partsOf('one ', 'two')).exchange);
        expect(answer).toMatchObject({ framing: 'raw', outcome: 'forwarded' });
        expect(answer.head).toBeUndefined();
        expect(await textOf(answer.body)).toBe('one two');
        expect(await answer.ending).toEqual({ type: 'finished', trailers: [] });
        await eventually(() => network.openSockets === 0);
      });
    });
  });

  test('sends a body that is whole in memory, or none', async () => {
    await withServer(echo, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const whole = await network.open(streaming(destination, Buffer.from('all')).exchange);
        expect(await textOf(whole.body)).toBe('all');
        const none = await network.open(streaming(destination, undefined).exchange);
        expect(await textOf(none.body)).toBe('');
      });
    });
  });

  test('lets the server speak on after the client’s end', async () => {
    const serve = (socket: Socket): void => {
      socket.resume();
      socket.on('end', () => setTimeout(() => socket.end('late'), 20));
    };
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const answer = await network.open(streaming(destination, partsOf('x')).exchange);
        expect(await textOf(answer.body)).toBe('late');
      });
    });
  });

  test('lets the client speak on after the server’s end', async () => {
    let text = Promise.resolve('');
    const serve = (socket: Socket): void => {
      socket.end('bye');
      text = heard(socket, 'last words');
    };
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const sent = createChannel<Part>();
        const answer = await network.open(streaming(destination, sent).exchange);
        expect(await textOf(answer.body)).toBe('bye');
        // The wire waits for this before it ends the client's side: it must not wait for the client.
        expect(await answer.ending).toEqual({ type: 'finished', trailers: [] });
        void sent.push(part('last words'));
        expect(await text).toBe('last words');
        sent.end();
        await eventually(() => network.openSockets === 0);
      });
    });
  });

  test('that the server resets ends with what came before', async () => {
    const serve = (socket: Socket): void => {
      socket.write('abc', () => setTimeout(() => socket.resetAndDestroy(), 20));
    };
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const answer = await network.open(streaming(destination, createChannel<Part>()).exchange);
        expect(await textOf(answer.body)).toBe('abc');
        expect(await answer.ending).toEqual({ type: 'reset', by: 'server' });
      });
    });
  });

  test.each([
    [{ type: 'reset', by: 'client' }, 'ECONNRESET'],
    [{ type: 'cut', by: 'client' }, ''],
  ] as const)(
    'that the client leaves (%j) leaves the server likewise',
    async (reason, expected) => {
      let error = '';
      let over = false;
      const serve = (socket: Socket): void => {
        socket.resume();
        socket.on('error', (cause) => {
          error = 'code' in cause ? String(cause.code) : '';
        });
        socket.on('end', () => {
          over = true;
          socket.end();
        });
        socket.on('close', () => {
          over = true;
        });
      };
      await withServer(serve, async ({ destination }) => {
        await withNetwork({}, async (network) => {
          const live = streaming(destination, createChannel<Part>());
          const answer = await network.open(live.exchange);
          setTimeout(() => live.leave(reason), 10);
          expect(await textOf(answer.body)).toBe('');
          expect(await answer.ending).toEqual(reason);
          await eventually(() => over);
          expect(error).toBe(expected);
        });
      });
    },
  );

  test('does not lose the last words of a client that went right after them', async () => {
    const size = 4 * 1024 * 1024;
    let read = 0;
    const serve = (socket: Socket): void => {
      setTimeout(() => {
        socket.on('data', (bytes: Buffer) => {
          read += bytes.length;
        });
      }, 50);
    };
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const live = streaming(destination, partsOf(Buffer.alloc(size)));
        const answer = await network.open(live.exchange);
        void bytesOf(answer.body);
        // The one write is with the socket and its end behind it, though not yet with the server.
        await sleep(80);
        await eventually(() => read > 0);
        live.leave({ type: 'cut', by: 'client' });
        await eventually(() => read === size);
      });
    });
  });

  test('whose reader stops is closed', async () => {
    await withServer(
      (socket) => socket.write('abc'),
      async ({ destination }) => {
        await withNetwork({}, async (network) => {
          const answer = await network.open(streaming(destination, createChannel<Part>()).exchange);
          if (answer.body === undefined || Buffer.isBuffer(answer.body))
            throw new Error('no parts');
          for await (const { bytes } of answer.body) {
            expect(bytes.toString()).toBe('abc');
            break;
          }
          expect(await answer.ending).toEqual({ type: 'cut', by: 'client' });
          await eventually(() => network.openSockets === 0);
        });
      },
    );
  });

  test('whose client’s side fails is closed', async () => {
    async function* torn(): AsyncGenerator<Part> {
      yield part('x');
      throw new Error('torn');
    }
    await withServer(echo, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const answer = await network.open(streaming(destination, torn()).exchange);
        await textOf(answer.body);
        expect(await answer.ending).toEqual({ type: 'cut', by: 'client' });
      });
    });
  });

  test('of a client that has left already comes to nothing', async () => {
    await withServer(echo, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const live = streaming(destination, partsOf('x'));
        live.leave({ type: 'reset', by: 'client' });
        const answer = await network.open(live.exchange);
        expect(await answer.ending).toEqual({ type: 'reset', by: 'client' });
      });
    });
  });
});
