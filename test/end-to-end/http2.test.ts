import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import type { Frame, Say } from '../network/http2-world.ts';
import {
  data,
  fields,
  frames,
  framesServer,
  goaway,
  http2Server,
  reset,
} from '../network/http2-world.ts';
import { makeCertificates } from '../network/world.ts';
import type { Told2 } from '../wire/http2-client.ts';
import { told } from '../wire/http2-client.ts';
import type { Via } from './client.ts';
import { tunnel } from './client.ts';
import { twice } from './with-appliance.ts';

const { cert, key } = makeCertificates();
const ok = [[':status', '200']] as const;

type Script = (id: number, say: Say, socket: Socket) => void;

interface Origin {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** A server that speaks HTTP/2, with TLS or without, and says to each request what the script says. */
async function startFrames(secure: boolean, script: Script): Promise<Origin> {
  const sockets = new Set<Socket>();
  const serve = framesServer((frame: Frame, say, socket) => {
    if (frame.type === frames.headers) script(frame.id, say, socket);
  });
  const accept = (socket: Socket): void => {
    socket.on('error', () => {});
    sockets.add(socket);
    serve(socket);
  };
  const server: Server = secure
    ? createTlsServer({ cert, key, ALPNProtocols: ['h2'] }, accept)
    : createServer(accept);
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return { port, stop };
}

/** A client of HTTP/2 inside a tunnel. */
async function connectThrough(
  via: Via,
  port: number,
  secure: boolean,
): Promise<ClientHttp2Session> {
  const inner = await tunnel(via, `localhost:${port}`);
  const socket: Duplex = secure
    ? connectTls({
        socket: inner,
        servername: 'localhost',
        ca: readFileSync(via.caFile),
        ALPNProtocols: ['h2', 'http/1.1'],
      })
    : inner;
  if (secure) await once(socket, 'secureConnect');
  const session = connect(`${secure ? 'https' : 'http'}://localhost:${port}`, {
    createConnection: () => socket,
  });
  session.on('error', () => {});
  return session;
}

/** What a client is told while it is recorded, and again when the server has gone. */
async function toldTwice(
  secure: boolean,
  script: Script,
): Promise<readonly (Told2 & { goaway: number | undefined })[]> {
  const origin = await startFrames(secure, script);
  return twice(
    origin,
    async ({ via }) => {
      const session = await connectThrough(via, origin.port, secure);
      let code: number | undefined;
      session.on('goaway', (why) => {
        code ??= why;
      });
      const stream = session.request({ ':path': '/x', 'x-a': 'b' });
      const result = await told(stream);
      session.destroy();
      return { ...result, goaway: code };
    },
    () => ({ MAGNETO_UPSTREAM_INSECURE_HOSTS: 'localhost' }),
  );
}

const said: Readonly<Record<string, readonly [Script, Partial<Told2> & { goaway?: number }]>> = {
  'pieces and trailers': [
    (id, say) => {
      say(fields(id, [...ok, ['x-b', '1'], ['x-a', '2'], ['x-b', '3']]), data(id, 'abc'));
      const end = fields(
        id,
        [
          ['grpc-status', '13'],
          ['grpc-message', 'no'],
        ],
        true,
      );
      setTimeout(() => say(data(id, 'def'), end), 20);
    },
    {
      status: 200,
      headers: ['x-b', '1', 'x-a', '2', 'x-b', '3'],
      body: Buffer.from('abcdef'),
      trailers: { 'grpc-status': '13', 'grpc-message': 'no' },
      code: 0,
    },
  ],
  'no more than a head': [
    (id, say) => say(fields(id, [...ok, ['grpc-status', '5']], true)),
    { status: 200, headers: ['grpc-status', '5'], body: Buffer.alloc(0), code: 0 },
  ],
  'interim heads': [
    (id, say) =>
      say(
        fields(id, [
          [':status', '103'],
          ['link', 'a'],
        ]),
        fields(id, ok),
        data(id, 'x', true),
      ),
    {
      interim: [{ link: 'a' }],
      body: Buffer.from('x'),
      code: 0,
    },
  ],
  'a reset amid its body': [
    (id, say) => {
      say(fields(id, ok), data(id, 'abc'));
      setTimeout(() => say(reset(id, 2)), 20);
    },
    { status: 200, body: Buffer.from('abc'), code: 2 },
  ],
  'a refused stream': [(id, say) => say(reset(id, 7)), { status: 0, code: 7 }],
  'a code of its own': [(id, say) => say(fields(id, ok), reset(id, 4242)), { code: 4242 }],
  'GOAWAY without the stream': [(_id, say) => say(goaway(0, 0)), { status: 0, goaway: 0 }],
  'GOAWAY with an error': [(_id, say) => say(goaway(0, 11)), { status: 0, goaway: 11 }],
  'GOAWAY that takes the stream': [
    (id, say) => {
      say(goaway(id, 0), fields(id, ok));
      setTimeout(() => say(data(id, 'late', true)), 20);
    },
    { status: 200, body: Buffer.from('late'), code: 0 },
  ],
  'the end of its connection': [
    (id, say, socket) => {
      say(fields(id, ok), data(id, 'abc'));
      setTimeout(() => socket.end(), 20);
    },
    { status: 200, body: Buffer.from('abc'), code: 2 },
  ],
};

describe.each([
  ['over TLS', true],
  ['in plain text', false],
])('HTTP/2 %s', (_how, secure) => {
  test.each(Object.entries(said))(
    'is recorded and replayed with %s',
    async (_what, [script, expected]) => {
      const [live, again] = await toldTwice(secure, script);
      expect(live).toMatchObject(expected);
      expect(again).toEqual(live);
    },
  );
});

test('a thousand exchanges at once are recorded over one connection, and replayed', async () => {
  const waiting: (() => void)[] = [];
  const server = http2Server(
    (stream, headers) => {
      stream.resume();
      waiting.push(() => {
        stream.respond();
        stream.end(String(headers[':path']));
      });
      if (waiting.length === 1_000) for (const answer of waiting) answer();
    },
    { settings: { maxConcurrentStreams: 1_000 } },
  );
  let connections = 0;
  server.on('session', () => {
    connections += 1;
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = (): Promise<void> => {
    if (server.listening) server.close();
    return Promise.resolve();
  };
  const [live, again] = await twice({ stop }, async ({ via }) => {
    const session = await connectThrough(via, port, false);
    await once(session, 'remoteSettings');
    const all = Array.from({ length: 1_000 }, async (_, at) => {
      const { status, body } = await told(session.request({ ':path': `/${at}` }));
      return `${status} ${body.toString()}`;
    });
    const answers = await Promise.all(all);
    session.destroy();
    return answers;
  });
  expect(live).toEqual(Array.from({ length: 1_000 }, (_, at) => `200 /${at}`));
  expect(again).toEqual(live);
  expect(connections).toBe(1);
});
