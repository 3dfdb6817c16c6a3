import { createServer } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { connect } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { asHttp1Socket } from '../../src/wire/http2-facade.ts';
import { told } from './http2-client.ts';

async function withStream(
  serve: (stream: ServerHttp2Stream) => void,
  body: (port: number) => Promise<void>,
): Promise<void> {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {});
    serve(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await body((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

test('the head is handed over, and all else is the stream', async () => {
  const heads: unknown[] = [];
  await withStream(
    (stream) => {
      const socket = asHttp1Socket(stream, (head) => {
        heads.push(head);
        stream.respond({ ':status': 200 });
      });
      socket.write('HTTP/1.1 101 Switching Protocols\r\nX-A: b:c\r\n\r\n');
      socket.pipe(socket);
    },
    async (port) => {
      const client = connect(`http://127.0.0.1:${port}`);
      const large = Buffer.alloc(300_000, 'x');
      const answer = await told(client.request({ ':method': 'POST' }).end(large));
      expect(answer).toMatchObject({ status: 200, code: 0 });
      expect(answer.body.equals(large)).toBe(true);
      expect(heads).toEqual([
        { status: 101, statusText: '', headers: [['X-A', 'b:c']], httpVersion: '1.1' },
      ]);
      client.close();
    },
  );
});

test('what is destroyed before its end is a reset', async () => {
  await withStream(
    (stream) => void asHttp1Socket(stream, () => {}).destroy(),
    async (port) => {
      const client = connect(`http://127.0.0.1:${port}`);
      expect(await told(client.request({ ':method': 'POST' }))).toMatchObject({ code: 8 });
      client.close();
    },
  );
});
