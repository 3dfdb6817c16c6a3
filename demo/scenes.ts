import { randomBytes } from 'node:crypto';
import type { Ask, Client } from './clients.ts';
import { clients } from './clients.ts';

/** One client asking for one thing. */
export interface Scene {
  readonly client: Client;
  readonly protocol: 'http' | 'https' | 'ws' | 'wss';
  readonly what: string;
  readonly ask: Ask;
}

/** The scenes, and the secrets that clients send in them. */
export interface Script {
  readonly scenes: readonly Scene[];
  readonly secrets: readonly string[];
}

/** Who asks for what: each kind of answer at least once, each client over more than one protocol. */
export function writeScript(ports: {
  readonly httpPort: number;
  readonly httpsPort: number;
}): Script {
  const { curl, wget, urllib, requests, fetch, websocket } = clients;
  const [http, https, ws, wss] = [
    scenesAt(`http://localhost:${ports.httpPort}`),
    scenesAt(`https://localhost:${ports.httpsPort}`),
    scenesAt(`ws://localhost:${ports.httpPort}`),
    scenesAt(`wss://localhost:${ports.httpsPort}`),
  ];
  const { secret, apiKey, secrets } = makeSecrets();
  const scenes = [
    http(curl, 'JSON, with a bearer token', { path: '/json?by=curl', ...secret }),
    http(curl, 'a POST and its answer', { path: '/orders', ...order }),
    https(curl, 'three Set-Cookie headers', { path: '/cookies' }),
    http(curl, 'a redirect, followed', { path: '/moved' }),
    https(curl, 'a 404', { path: '/nowhere' }),
    https(curl, 'a chunked stream', { path: '/stream' }),
    http(curl, 'a reset instead of an answer', { path: '/reset' }),
    http(curl, 'a reset amid the body', { path: '/half' }),
    http(wget, 'a gzip body, still packed', { path: '/gzip' }),
    https(wget, '64 KiB of binary', { path: '/binary' }),
    https(urllib, 'JSON, with an API key', { path: '/json?by=urllib', ...apiKey }),
    http(urllib, 'a 404', { path: '/nowhere' }),
    https(requests, 'three Set-Cookie headers', { path: '/cookies' }),
    http(requests, 'a POST and its answer', { path: '/orders?by=requests', ...order }),
    https(fetch, 'a chunked stream', { path: '/stream?by=fetch' }),
    http(fetch, 'a gzip body, unpacked', { path: '/gzip?by=fetch' }),
    ws(websocket, 'text, binary, ping, close', { path: '/chat' }),
    wss(websocket, 'text, binary, ping, close', { path: '/chat' }),
  ];
  return { scenes, secrets };
}

/** Who asks for what without a proxy: URLs as anybody writes them, ports left out. */
export function writeUnawareScript({
  name,
  address,
}: {
  readonly name: string;
  readonly address: string;
}): Script {
  const { curl, wget, urllib, requests, fetch, websocket } = clients;
  const [http, https] = [scenesAt(`http://${name}`), scenesAt(`https://${name}`)];
  const { secret, apiKey, secrets } = makeSecrets();
  const scenes = [
    http(curl, 'JSON, with a bearer token', { path: '/json?by=curl', ...secret }),
    http(curl, 'a POST and its answer', { path: '/orders', ...order }),
    https(curl, 'three Set-Cookie headers', { path: '/cookies' }),
    scenesAt(`http://${address}`)(curl, 'no name, but an address', { path: '/json?by=address' }),
    http(wget, 'a gzip body, still packed', { path: '/gzip' }),
    https(wget, '64 KiB of binary', { path: '/binary' }),
    https(urllib, 'JSON, with an API key', { path: '/json?by=urllib', ...apiKey }),
    https(requests, 'a POST and its answer', { path: '/orders?by=requests', ...order }),
    https(fetch, 'a chunked stream', { path: '/stream?by=fetch' }),
    scenesAt(`ws://${name}`)(websocket, 'text, binary, ping, close', { path: '/chat' }),
    scenesAt(`wss://${name}`)(websocket, 'text, binary, ping, close', { path: '/chat' }),
  ];
  return { scenes, secrets };
}

const order = {
  method: 'POST',
  headers: ['Content-Type: application/json'],
  body: '{"item":"lodestone","pieces":3}',
} as const;

type Asks = (
  client: Client,
  what: string,
  wanted: Omit<Ask, 'url'> & { readonly path: string },
) => Scene;

/** Makes scenes in which the same server is asked in the same protocol. */
function scenesAt(server: `${Scene['protocol']}://${string}`): Asks {
  const protocol = server.slice(0, server.indexOf(':')) as Scene['protocol'];
  return (client, what, { path, ...more }) => ({
    client,
    protocol,
    what,
    ask: { ...more, url: server + path },
  });
}

function makeSecrets() {
  const [token, key] = [randomBytes(12).toString('hex'), randomBytes(12).toString('hex')];
  return {
    secret: { headers: [`Authorization: Bearer ${token}`] },
    apiKey: { headers: [`X-Api-Key: ${key}`] },
    secrets: [token, key],
  };
}
