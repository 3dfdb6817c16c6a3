import { request as httpRequest } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { startOrigin } from './origin.ts';
import type { Running } from './with-appliance.ts';
import { twice } from './with-appliance.ts';

/** A message and trailing metadata as gRPC-Web has them in a body. */
const message = Buffer.from('\0\0\0\0\x02hi', 'latin1');
const trailers = Buffer.from('\x80\0\0\0\x0fgrpc-status:0\r\n', 'latin1');

interface Heard {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

interface Question {
  readonly port: number;
  readonly type: string;
  readonly body: Buffer;
}

function ask({ via }: Running, { port, type, body }: Question): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const asking = httpRequest(
      {
        host: '127.0.0.1',
        port: via.proxyPort,
        method: 'POST',
        path: `http://localhost:${port}/chat.Chat/Echo`,
        headers: { host: `localhost:${port}`, 'content-type': type },
      },
      (response) => {
        const bytes: Buffer[] = [];
        response.on('data', (chunk: Buffer) => bytes.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            type: response.headers['content-type'],
            body: Buffer.concat(bytes).toString('latin1'),
          }),
        );
      },
    );
    asking.on('error', reject);
    asking.end(body);
  });
}

describe.each([
  ['application/grpc-web+proto', (bytes: Buffer) => bytes, (body: string) => body],
  [
    'application/grpc-web-text',
    (bytes: Buffer) => Buffer.from(bytes.toString('base64')),
    (body: string) => Buffer.from(body, 'base64').toString('latin1'),
  ],
])('%s', (type, spell, spelt) => {
  test('is recorded and replayed as it is, and refused in the frame of its trailers', async () => {
    const origin = await startOrigin({
      answer: (_request, response) => {
        response.writeHead(200, { 'content-type': type });
        response.write(spell(message));
        response.end(spell(trailers));
      },
    });
    const port = origin.httpPort;
    const [live, again] = await twice(origin, async (running, isLive) => {
      const known = await ask(running, { port, type, body: spell(message) });
      if (isLive) return { known, missed: undefined };
      const other = spell(Buffer.from('\0\0\0\0\x02ho', 'latin1'));
      return { known, missed: await ask(running, { port, type, body: other }) };
    });
    expect(live.known).toEqual({
      status: 200,
      type,
      body: Buffer.concat([spell(message), spell(trailers)]).toString('latin1'),
    });
    expect(again.known).toEqual(live.known);
    expect(again.missed).toMatchObject({ status: 200, type });
    expect(spelt(again.missed?.body ?? '')).toMatch(
      /^\x80[^]{4}grpc-status:9\r\ngrpc-message:NO_MATCHING_INTERACTION: [^\r]*\r\nx-magneto-failure:NO_MATCHING_INTERACTION\r\n$/,
    );
  });
});
