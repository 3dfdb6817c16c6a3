import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Via } from './client.ts';
import { ask, talk } from './client.ts';
import type { Origin } from './origin.ts';
import { portOf, startOrigin } from './origin.ts';
import { modeIn, withAppliance, withFolder } from './with-appliance.ts';

/** A corporate proxy as they are: it wants credentials, and knows absolute URLs and CONNECT. */
interface CorporateProxy {
  readonly port: number;
  /** `METHOD target` and whether the credentials were right. */
  readonly asked: string[];
  readonly stop: () => Promise<void>;
}

const credentials = `Basic ${Buffer.from('ann:se:cret%').toString('base64')}`;

async function startCorporateProxy(): Promise<CorporateProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const isRight = (header: string | undefined, what: string): boolean => {
    const right = header === credentials;
    asked.push(`${what} ${right ? 'right' : 'wrong'}`);
    return right;
  };
  const server = createServer((request, response) => {
    const right = isRight(
      request.headers['proxy-authorization'],
      `${request.method} ${request.url}`,
    );
    response.writeHead(right ? 200 : 407).end(right ? 'from the corporate proxy' : 'who are you?');
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('connect', (request, client) => {
    if (!isRight(request.headers['proxy-authorization'], `CONNECT ${request.url}`)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const [host, port] = (request.url ?? '').split(':');
    const onward = connect(Number(port), host, () => client.write('HTTP/1.1 200 Yes\r\n\r\n'));
    onward.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.on('error', () => onward.destroy()).on('close', () => onward.destroy());
    client.on('data', (chunk: Buffer) => onward.write(chunk));
    onward.on('data', (chunk: Buffer) => client.write(chunk));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    asked,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let origin: Origin;
let corporate: CorporateProxy;
beforeAll(async () => {
  [origin, corporate] = await Promise.all([startOrigin(), startCorporateProxy()]);
});
afterAll(() => Promise.all([origin.stop(), corporate.stop()]));

const through = (userinfo: string) => ({
  MAGNETO_UPSTREAM_PROXY: `http://${userinfo}127.0.0.1:${corporate.port}`,
  MAGNETO_UPSTREAM_CA: origin.caFile,
});

/** Plain, TLS and WebSocket, one after the other. */
async function allThree(via: Via): Promise<readonly string[]> {
  const http = await ask(via, { url: `http://localhost:${origin.httpPort}/p?q=1` });
  const https = await ask(via, { url: `https://localhost:${origin.httpsPort}/s` });
  const session = await talk(via, `ws://localhost:${origin.httpPort}/w`, ['x']);
  return [http.body.toString(), https.body.toString(), session.got.join()];
}

test('everything goes through it, with credentials, and is replayed without it', async () => {
  await withFolder(async (folder) => {
    corporate.asked.length = 0;
    const recording = { ...modeIn(folder, 'record'), ...through('ann:se%3Acret%25@') };
    let live: readonly string[] = [];
    await withAppliance(recording, async ({ via, log }) => {
      live = await allThree(via);
      expect(JSON.stringify(log)).not.toMatch(/cret|YW5uO/);
    });
    expect(live[0]).toBe('from the corporate proxy');
    expect(live[1]).toMatch(/"path":"\/s"/);
    expect(live[2]).toMatch(/^hello \d+,\d+: x$/);
    expect(new Set(corporate.asked)).toEqual(
      new Set([
        `GET http://localhost:${origin.httpPort}/p?q=1 right`,
        `CONNECT localhost:${origin.httpsPort} right`,
        `CONNECT localhost:${origin.httpPort} right`,
      ]),
    );
    await withAppliance(modeIn(folder, 'replay'), async ({ via }) => {
      expect(await allThree(via)).toEqual(live);
    });
  });
});

test('wrong credentials are a failure that names the proxy, and not the password', async () => {
  await withFolder(async (folder) => {
    const variables = { ...modeIn(folder, 'passthrough'), ...through('ann:wrongpass@') };
    await withAppliance(variables, async ({ via }) => {
      const told = await ask(via, { url: `https://localhost:${origin.httpsPort}/` });
      expect(told.headers).toContain('UPSTREAM_PROXY_REFUSED');
      expect(told.body.toString()).toContain(`127.0.0.1:${corporate.port}`);
      expect(told.body.toString()).not.toContain('wrongpass');
    });
  });
});

test.each(['localhost', '127.0.0.0/8,.localhost,localhost', '*'])(
  'MAGNETO_UPSTREAM_NO_PROXY=%s goes past it',
  async (list) => {
    await withFolder(async (folder) => {
      corporate.asked.length = 0;
      const variables = {
        ...modeIn(folder, 'passthrough'),
        ...through(''),
        MAGNETO_UPSTREAM_NO_PROXY: list,
      };
      await withAppliance(variables, async ({ via }) => {
        const [http] = await allThree(via);
        expect(http).toMatch(/"path":"\/p\?q=1"/);
      });
      expect(corporate.asked).toEqual([]);
    });
  },
);

test('two appliances in a chain: the outer one records what the inner one replays', async () => {
  await withFolder(async (folder) => {
    const near = `${folder}/near`;
    const far = `${folder}/far`;
    const farTrust = { MAGNETO_UPSTREAM_CA: origin.caFile };
    const chained = async (farMode: string, nearMode: string): Promise<readonly string[]> => {
      let got: readonly string[] = [];
      await withAppliance({ ...modeIn(far, farMode), ...farTrust }, async (farther) => {
        const nearer = {
          ...modeIn(near, nearMode),
          MAGNETO_UPSTREAM_PROXY: `http://127.0.0.1:${farther.via.proxyPort}`,
          MAGNETO_UPSTREAM_CA: farther.via.caFile,
        };
        await withAppliance(nearer, async ({ via }) => {
          got = await allThree(via);
        });
      });
      return got;
    };
    const live = await chained('record', 'record');
    const before = origin.saw();
    expect(await chained('replay', 'record')).toEqual(live);
    expect(await chained('passthrough', 'replay')).toEqual(live);
    expect(origin.saw()).toBe(before);
  });
});
