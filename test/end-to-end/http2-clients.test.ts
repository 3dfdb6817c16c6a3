import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:http2';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { ask2 } from '../wire/http2-client.ts';
import type { Via } from './client.ts';
import { ask, plain, tunnel } from './client.ts';
import { startOrigin } from './origin.ts';
import type { Running } from './with-appliance.ts';
import { twice } from './with-appliance.ts';

interface Ways {
  readonly via: Via;
  readonly httpPort: number;
  readonly httpsPort: number;
}

async function secured(socket: Duplex, via: Via, servername?: string): Promise<Duplex> {
  const session = tlsConnect({
    socket,
    ca: readFileSync(via.caFile),
    ALPNProtocols: ['h2'],
    ...(servername !== undefined && { servername }),
    checkServerIdentity: () => undefined,
  });
  await once(session, 'secureConnect');
  expect(session.alpnProtocol).toBe('h2');
  return session;
}

/** A tunnel that is one stream of HTTP/2 to the proxy itself, which is spoken to over TLS. */
async function tunnelOver2(via: Via, authority: string): Promise<Duplex> {
  const socket = await secured(await plain(via), via, 'localhost');
  const proxy = speak('https://localhost', socket);
  const stream = proxy.request({ ':method': 'CONNECT', ':authority': authority });
  await once(stream, 'response');
  stream.once('close', () => proxy.close());
  return stream;
}

function speak(url: string, socket: Duplex): ClientHttp2Session {
  const session = connect(url, { createConnection: () => socket });
  session.on('error', () => {});
  return session;
}

async function speakTls({ via, httpsPort }: Ways): Promise<ClientHttp2Session> {
  const inside = await tunnel(via, `localhost:${httpsPort}`);
  return speak(`https://localhost:${httpsPort}`, await secured(inside, via, 'localhost'));
}

/** Cookies are not kept. */
function unredacted(text: string): string {
  return text.replace(/^([abc])=(?:\d|\[FILTERED\])/, '$1');
}

type Way = (ways: Ways) => Promise<ClientHttp2Session>;

const waysIn: Readonly<Record<string, Way>> = {
  'in plain text, with prior knowledge': async ({ via, httpPort }) =>
    speak(`http://localhost:${httpPort}`, await plain(via)),
  'in plain text inside a tunnel': async ({ via, httpPort }) =>
    speak(`http://localhost:${httpPort}`, await tunnel(via, `localhost:${httpPort}`)),
  'over TLS inside a tunnel': speakTls,
  'over TLS inside a tunnel that is a stream of HTTP/2': async ({ via, httpsPort }) => {
    const inside = await tunnelOver2(via, `localhost:${httpsPort}`);
    return speak(`https://localhost:${httpsPort}`, await secured(inside, via, 'localhost'));
  },
};

test.each(Object.entries(waysIn))('HTTP/2 %s is recorded and replayed', async (_name, way) => {
  const origin = await startOrigin();
  const { httpPort, httpsPort } = origin;
  const run = async ({ via }: Running) => {
    const client = await way({ via, httpPort, httpsPort });
    const answers: { status: number; body: string; headers: readonly string[] }[] = [];
    for (const path of ['/a?b=1', '/c']) {
      const { status, body, headers } = await ask2(
        client,
        { ':method': 'POST', ':path': path },
        'hi',
      );
      answers.push({ status, body: body.toString(), headers: headers.map(unredacted) });
    }
    client.close();
    return answers;
  };
  const trust = (live: boolean) => (live ? { MAGNETO_UPSTREAM_CA: origin.caFile } : {});
  const [live, again] = await twice(origin, run, trust);
  expect(live.map(({ status, body }): unknown => [status, JSON.parse(body)])).toEqual([
    [200, { n: 1, path: '/a?b=1', said: 'hi' }],
    [200, { n: 2, path: '/c', said: 'hi' }],
  ]);
  expect(again).toEqual(live);
  expect(origin.saw()).toBe(2);
});

test('what was recorded over one version of HTTP is played over the other', async () => {
  const origin = await startOrigin();
  const url = `http://localhost:${origin.httpPort}`;
  const run = async ({ via }: Running, live: boolean): Promise<readonly string[]> => {
    const over1 = async (path: string) =>
      (await ask(via, { url: `${url}${path}` })).body.toString();
    const client = speak(url, await plain(via));
    const over2 = async (path: string) => (await ask2(client, { ':path': path })).body.toString();
    const said = live
      ? [await over1('/one'), await over2('/two')]
      : [await over2('/one'), await over1('/two')];
    client.close();
    return said;
  };
  const [live, again] = await twice(origin, run);
  expect(again).toEqual(live);
});

test.each([
  ['on', '2'],
  ['off', '1.1'],
])(
  'with MAGNETO_HTTP2=%s curl is given HTTP/%s of what was recorded over HTTP/2',
  async (http2, given) => {
    const origin = await startOrigin();
    const { httpPort, httpsPort } = origin;
    const url = `https://localhost:${httpsPort}/x`;
    const run = async ({ via }: Running, live: boolean): Promise<string> => {
      if (live) {
        const client = await speakTls({ via, httpPort, httpsPort });
        const { status } = await ask2(client, { ':path': '/x' });
        client.close();
        return String(status);
      }
      const proxy = ['--proxy', `http://127.0.0.1:${via.proxyPort}`, '--noproxy', ''];
      const quiet = ['-sS', '-o', '/dev/null', '-w', '%{http_version} %{http_code}'];
      const args = ['--http2', '--cacert', via.caFile, ...proxy, ...quiet, url];
      return (await promisify(execFile)('curl', args)).stdout;
    };
    const settings = (live: boolean): Readonly<Record<string, string>> =>
      live ? { MAGNETO_UPSTREAM_CA: origin.caFile } : { MAGNETO_HTTP2: http2 };
    expect(await twice(origin, run, settings)).toEqual(['200', `${given} 200`]);
  },
);
