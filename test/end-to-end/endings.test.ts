import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { openAuthority } from '../../src/tls/tls.ts';
import { freePort } from './child.ts';
import type { Via } from './client.ts';
import { ask, plain, secureTunnel, tunnel } from './client.ts';
import { startOrigin } from './origin.ts';
import type { RawResponse } from './raw-client.ts';
import { askOn, askRaw, endOf } from './raw-client.ts';
import type { RawRequest } from './raw-origin.ts';
import { startRawOrigin, startSocketOrigin } from './raw-origin.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, startWith, twice, withAppliance, withFolder } from './with-appliance.ts';

const request = (port: number): string =>
  `GET http://localhost:${port}/x HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`;

const half = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf';
const halfChunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n';
const openEnd = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhalf';

interface Broken {
  readonly breaks: (request: RawRequest, socket: Socket) => void;
  readonly ended: RawResponse['ended'];
  readonly body: string;
  /** How the cassette calls it. */
  readonly ending: string;
}

/** Says something, and resets the connection once that has arrived. */
const sayAndReset =
  (text: string) =>
  (_request: unknown, socket: Socket): void => {
    socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 50));
  };

const ways: Readonly<Record<string, Broken>> = {
  'is reset before the head': {
    breaks: (_request, socket) => socket.resetAndDestroy(),
    ended: 'reset',
    body: '',
    ending: 'reset',
  },
  'ends before the head': {
    breaks: (_request, socket) => socket.end(),
    ended: 'end',
    body: '',
    ending: 'cut',
  },
  'is reset amid a body of known length': {
    breaks: sayAndReset(half),
    ended: 'reset',
    body: 'half',
    ending: 'reset',
  },
  'ends amid a body of known length': {
    breaks: (_request, socket) => socket.end(half),
    ended: 'end',
    body: 'half',
    ending: 'cut',
  },
  'is reset amid chunks': {
    breaks: sayAndReset(halfChunked),
    ended: 'reset',
    body: 'half',
    ending: 'reset',
  },
  'ends amid chunks': {
    breaks: (_request, socket) => socket.end(halfChunked),
    ended: 'end',
    body: 'half',
    ending: 'cut',
  },
  'is reset amid a body without a length': {
    breaks: sayAndReset(openEnd),
    ended: 'reset',
    body: 'half',
    ending: 'reset',
  },
};

describe('a server whose connection', () => {
  test.each(Object.entries(ways))('%s: recorded so, and replayed so', async (_name, way) => {
    const origin = await startRawOrigin(way.breaks);
    const direct = await askRaw(origin.port, request(origin.port));
    expect(direct).toMatchObject({ ended: way.ended });
    const [live, again] = await twice(origin, async ({ via, log }, isLive) => {
      const response = await askRaw(via.proxyPort, request(origin.port));
      await sleep(20);
      const entry = log.find(({ msg }) => msg === 'exchange');
      expect(entry).toMatchObject({
        outcome: isLive ? 'recorded' : 'replayed',
        ending: way.ending,
      });
      return response;
    });
    expect(live).toEqual(direct);
    expect(live.body.toString()).toBe(way.body);
    expect(again).toEqual(direct);
  });

  test('breaks inside TLS: the client meets it inside TLS', async () => {
    const origin = await startOrigin({ answer: (incoming) => void incoming.socket.destroy() });
    const results = await twice(
      origin,
      async ({ via }) => {
        const socket = await secureTunnel(via, new URL(`https://localhost:${origin.httpsPort}/`));
        const response = await askOn(socket, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
        socket.destroy();
        return response.head === '' && response.ended !== 'whole';
      },
      (isLive) => (isLive ? { MAGNETO_UPSTREAM_CA: origin.caFile } : {}),
    );
    expect(results).toEqual([true, true]);
  });
});

describe('a server that hangs', () => {
  const impatient = async (port: number, text: string): Promise<string> => {
    const socket = await plain({ proxyPort: port });
    let got = '';
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString();
    });
    socket.write(text);
    const ended = await endOf(socket, 400);
    socket.destroy();
    return `${ended}: ${got.split('\r\n\r\n').at(-1)}`;
  };

  test.each([
    ['before the head', ''],
    ['amid the body', half],
  ])('%s is recorded as the client going, and hangs again in replay', async (_name, says) => {
    const origin = await startRawOrigin((_request, socket) => void socket.write(says));
    const [live, again] = await twice(origin, async (running, isLive) => {
      const got = await impatient(running.via.proxyPort, request(origin.port));
      await untilLogged(running);
      if (isLive) expect(running.appliance.receipt()).toMatchObject({ recorded: 1, failed: 0 });
      return got;
    });
    expect(live).toBe(`open: ${says === '' ? '' : 'half'}`);
    expect(again).toBe(live);
  });
});

async function untilLogged({ log }: Running): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (log.some(({ msg }) => msg === 'exchange')) return;
    await sleep(10);
  }
  throw new Error('no exchange in the log');
}

/** The status and code that a plain request, and a CONNECT, are refused with. */
async function bothRefusals(via: Via, host: string, port: number): Promise<readonly string[]> {
  const told = await ask(via, { url: `http://${host}:${port}/` });
  const at = told.headers.findIndex((name) => name.toLowerCase() === 'x-magneto-failure');
  const connect = await tunnel(via, `${host}:${port}`).then(
    () => 'tunnelled',
    (error: unknown) => String(error),
  );
  return [`${told.status} ${told.headers[at + 1]}`, connect.replace('Error: CONNECT: ', '')];
}

describe('a server that is not there', () => {
  test('refuses: told so live, and told so when something listens there at last', async () => {
    const port = await freePort();
    const nobody = { stop: async () => {} };
    const [live, again] = await twice(nobody, async ({ via }, isLive) => {
      if (isLive) return bothRefusals(via, 'localhost', port);
      const late = await startRawOrigin((_request, socket) => socket.end());
      const refusals = await bothRefusals(via, 'localhost', port);
      expect(late.connections()).toBe(0);
      await late.stop();
      return refusals;
    });
    expect(live).toEqual(['502 UPSTREAM_REFUSED', '502 UPSTREAM_REFUSED']);
    expect(again).toEqual(live);
  });

  test('has a name that nobody knows', async () => {
    const nobody = { stop: async () => {} };
    const [live, again] = await twice(nobody, ({ via }) =>
      bothRefusals(via, 'no-such-host.invalid', 80),
    );
    expect(live).toEqual(['502 UPSTREAM_NAME_NOT_FOUND', '502 UPSTREAM_NAME_NOT_FOUND']);
    expect(again).toEqual(live);
  });
});

describe('a server with a certificate of an authority unknown to us', () => {
  const failed = async (via: Via, port: number): Promise<string> => {
    const told = await ask(via, { url: `https://localhost:${port}/` });
    const at = told.headers.findIndex((name) => name.toLowerCase() === 'x-magneto-failure');
    const { detail } = JSON.parse(told.body.toString()) as { detail: string };
    return `${told.status} ${told.headers[at + 1]} ${detail}`;
  };

  test('is refused inside TLS, recorded as that and replayed as that', async () => {
    const origin = await startOrigin();
    const [live, again] = await twice(origin, ({ via }) => failed(via, origin.httpsPort));
    expect(live).toMatch(/^502 UPSTREAM_CERTIFICATE localhost:\d+: .*\((UNABLE|SELF|DEPTH)/);
    expect(again).toBe(live);
    expect(origin.saw()).toBe(0);
  });

  test('is let through where the host is named in MAGNETO_UPSTREAM_INSECURE_HOSTS', async () => {
    const origin = await startOrigin();
    const [live, again] = await twice(
      origin,
      ({ via }) => ask(via, { url: `https://localhost:${origin.httpsPort}/` }),
      () => ({ MAGNETO_UPSTREAM_INSECURE_HOSTS: 'localhost' }),
    );
    expect(live.status).toBe(200);
    expect(again.body).toEqual(live.body);
  });

  test('is not let through for the sake of another host', async () => {
    const origin = await startOrigin();
    await withFolder(async (folder) => {
      const variables = {
        ...modeIn(folder, 'passthrough'),
        MAGNETO_UPSTREAM_INSECURE_HOSTS: 'example.org,*.localhost',
      };
      await withAppliance(variables, async ({ via }) => {
        expect(await failed(via, origin.httpsPort)).toMatch(/UPSTREAM_CERTIFICATE/);
      });
    });
    await origin.stop();
  });

  test('has one for another name: refused, though its authority is known', async () => {
    await withFolder(async (folder) => {
      const authority = await openAuthority({ directory: `${folder}/other` });
      const secureContext = await authority.contextFor('other.example');
      const origin = await startSocketOrigin((socket) => {
        const secure = new TLSSocket(socket, { isServer: true, secureContext });
        secure.on('error', () => {});
      });
      const running = await startWith({
        ...modeIn(folder, 'passthrough'),
        MAGNETO_UPSTREAM_CA: authority.certificateFile,
      });
      expect(await failed(running.via, origin.port)).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/);
      await running.appliance.stop();
      await origin.stop();
    });
  });
});
