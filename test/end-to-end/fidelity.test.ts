import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { plain, secureTunnel } from './client.ts';
import type { Origin } from './origin.ts';
import { startOrigin } from './origin.ts';
import type { RawResponse } from './raw-client.ts';
import { askOn, askRaw, listen, withoutHops } from './raw-client.ts';
import type { RawOrigin, RawRequest } from './raw-origin.ts';
import { startRawOrigin } from './raw-origin.ts';
import { everyByte } from './real-servers.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, startWith, twice, withFolder } from './with-appliance.ts';

/** What a client sends, what the server says, and what the replay may say otherwise. */
interface Case {
  readonly method?: string;
  /** Header lines besides Host, in their order. */
  readonly lines?: readonly string[];
  readonly body?: string | Buffer;
  readonly version?: string;
  readonly query?: string;
  readonly says: string | Buffer | ((request: RawRequest, socket: Socket) => void);
  /** The head that a replay has, where it is not the recorded one. */
  readonly replayedHead?: (head: string) => string;
}

const ok = (lines: readonly string[], body: string): string =>
  ['HTTP/1.1 200 OK', ...lines, '', body].join('\r\n');
const megabyte = everyByte(1024 * 1024);
const zipped = gzipSync('something worth zipping '.repeat(100), { level: 9 });

const cases: Readonly<Record<string, Case>> = {
  'header order, case and repetition': {
    lines: ['X-b: 1', 'x-A: 2', 'X-B: 3', 'ACCEPT: */*', 'accept: text/plain', 'X-Empty: '],
    says: ok(
      ['x-Second: 1', 'X-FIRST: 2', 'x-second: 3', 'Server: raw', 'content-length: 2', 'Vary: '],
      'hi',
    ),
  },
  'three Set-Cookie': {
    says: ok(
      [
        'Set-Cookie: a=1',
        'Set-Cookie: b=2; Path=/; HttpOnly',
        'Set-Cookie: c=3',
        'Content-Length: 0',
      ],
      '',
    ),
    replayedHead: (head) => head.replaceAll(/(Set-Cookie: [abc]=)\d/g, '$1[FILTERED]'),
  },
  'a status text of its own': {
    says: 'HTTP/1.1 299 Quite Fine, Really\r\nContent-Length: 0\r\n\r\n',
  },
  'no status text': { says: 'HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n' },
  'latin1 in headers': {
    lines: ['X-Name: caf\xe9'],
    says: Buffer.from(ok(['X-Name: gr\xfcn', 'Content-Length: 0'], ''), 'latin1'),
  },
  trailers: {
    lines: ['TE: trailers'],
    says: ok(
      ['Transfer-Encoding: chunked', 'Trailer: X-Sum, x-other'],
      '3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\nx-other: yes\r\n\r\n',
    ),
  },
  'early hints': {
    says: `HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nlink: </b.js>\r\n\r\n${ok(['Content-Length: 1'], 'x')}`,
  },
  'HEAD with a length': { method: 'HEAD', says: ok(['Content-Length: 1234', 'ETag: "1"'], '') },
  'HEAD, chunked': { method: 'HEAD', says: ok(['Transfer-Encoding: chunked'], '') },
  '204': { method: 'DELETE', says: 'HTTP/1.1 204 No Content\r\nX-Done: yes\r\n\r\n' },
  '304': {
    lines: ['If-None-Match: "1"'],
    says: 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 77\r\n\r\n',
  },
  'a chunked body': {
    says: ok(['Transfer-Encoding: chunked'], '4\r\nabcd\r\n1\r\ne\r\n0\r\n\r\n'),
  },
  'an empty chunked body': { says: ok(['Transfer-Encoding: chunked'], '0\r\n\r\n') },
  'a body that ends with its connection': {
    says: (_request, socket) => socket.end(ok(['Content-Type: text/plain'], 'until the end')),
  },
  'a body in gzip': {
    lines: ['Accept-Encoding: gzip'],
    says: Buffer.concat([
      Buffer.from(ok(['Content-Encoding: gzip', `Content-Length: ${zipped.length}`], '')),
      zipped,
    ]),
  },
  'a body said to be gzip that is none': {
    says: ok(['Content-Encoding: gzip', 'Content-Length: 5'], 'plain'),
  },
  'a request without a body': { method: 'POST', says: ok(['Content-Length: 0'], '') },
  'a request with an empty body': {
    method: 'POST',
    lines: ['Content-Length: 0'],
    says: ok(['Content-Length: 0'], ''),
  },
  'a request with a body': {
    method: 'PATCH',
    lines: ['Content-Length: 4', 'Content-Type: text/x-odd'],
    body: 'body',
    says: echo,
  },
  'a chunked request with trailers': {
    method: 'POST',
    lines: ['Transfer-Encoding: chunked', 'Trailer: X-Sum'],
    body: '3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n',
    says: echo,
  },
  'a megabyte of every byte, both ways': {
    method: 'PUT',
    lines: [`Content-Length: ${megabyte.length}`],
    body: megabyte,
    says: echo,
  },
  'a query as it was typed': {
    query: '?b=2&a=1&b=1&empty=&bare&q=a%20b+c%C3%A9&x[]=%5B',
    says: ok(['Content-Length: 0'], ''),
  },
  'an unknown method': { method: 'PURGE', says: ok(['Content-Length: 0'], '') },
  'a long head': {
    lines: [`X-Long: ${'l'.repeat(60_000)}`],
    says: ok([`X-Long: ${'m'.repeat(60_000)}`, 'Content-Length: 0'], ''),
  },
  'a server of HTTP/1.0': {
    says: (_request, socket) => socket.end('HTTP/1.0 200 OK\r\nX-Old: yes\r\n\r\nold'),
  },
};

/** Says the request's body back, its length being that of the bytes on the wire. */
function echo(request: RawRequest, socket: Socket): void {
  void request.body().then((body) => {
    socket.write(ok([`Content-Length: ${body.length}`, 'X-Echo: yes'], ''));
    socket.write(body);
  });
}

interface Outcome {
  readonly response: RawResponse;
  /** What the server got. */
  readonly head?: string;
  readonly body?: Buffer;
}

const direct = new Map<string, Outcome>();
const recorded = new Map<string, Outcome>();
const replayed = new Map<string, Outcome>();

async function runAll(
  into: Map<string, Outcome>,
  port: number,
  { origin, base }: { readonly origin: RawOrigin; readonly base: string },
): Promise<void> {
  for (const [index, [name, one]] of Object.entries(cases).entries()) {
    const { method = 'GET', lines = [], version = '1.1', query = '' } = one;
    const before = origin.requests.length;
    const target = `${base}/${index}${query}`;
    const head = [
      `${method} ${target} HTTP/${version}`,
      `Host: localhost:${origin.port}`,
      ...lines,
    ];
    const bytes = [
      Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'),
      Buffer.from(one.body ?? ''),
    ];
    const asked = askRaw(port, Buffer.concat(bytes), { method });
    const response = await Promise.race([asked, sleep(3000, undefined, { ref: false })]);
    if (response === undefined) continue;
    const got = origin.requests[before];
    const more = got === undefined ? {} : { head: withoutHops(got.head), body: await got.body() };
    into.set(name, { response, ...more });
  }
}

beforeAll(async () => {
  const list = Object.values(cases);
  const origin = await startRawOrigin((request, socket) => {
    const says = list[Number(/\d+/.exec(request.path)?.[0])]?.says ?? '';
    if (typeof says === 'function') says(request, socket);
    else socket.write(says);
  });
  const base = `http://localhost:${origin.port}`;
  await runAll(direct, origin.port, { origin, base: '' });
  await withFolder(async (folder) => {
    const recording = await startWith(modeIn(folder, 'record'));
    await runAll(recorded, recording.via.proxyPort, { origin, base });
    await recording.appliance.stop();
    await origin.stop();
    const replaying = await startWith(modeIn(folder, 'replay'));
    await runAll(replayed, replaying.via.proxyPort, { origin, base });
    await replaying.appliance.stop();
  });
}, 60_000);

describe('byte for byte', () => {
  test.each(Object.keys(cases))(
    'the server gets through the proxy what it got directly: %s',
    (name) => {
      expect(recorded.get(name)?.head).toBeDefined();
      expect(recorded.get(name)?.head).toBe(direct.get(name)?.head);
      expect(digest(recorded.get(name)?.body)).toBe(digest(direct.get(name)?.body));
    },
  );

  test.each(Object.keys(cases))('the client gets what it got directly, live: %s', (name) => {
    expect(readable(recorded.get(name))).toEqual(readable(direct.get(name)));
  });

  test.each(Object.keys(cases))('and replayed, the server gone: %s', (name) => {
    const expected = readable(direct.get(name));
    const head = cases[name]?.replayedHead?.(expected?.head ?? '') ?? expected?.head;
    expect(replayed.get(name)?.head).toBeUndefined();
    expect(readable(replayed.get(name))).toEqual({ ...expected, head });
  });
});

/** A response as something that a failing test can print; the version is that of the connection. */
function readable(outcome: Outcome | undefined) {
  if (outcome === undefined) return undefined;
  const { response } = outcome;
  const head = response.head.replace(/^HTTP\/1\.0/, 'HTTP/1.1');
  return { ...response, head, body: digest(response.body) };
}

function digest(bytes: Buffer | undefined): string {
  if (bytes === undefined) return 'nothing';
  if (bytes.length < 100) return bytes.toString('latin1');
  return `${bytes.length} bytes ${createHash('sha256').update(bytes).digest('hex')}`;
}

describe('what cannot be said in a table', () => {
  test('a 100-continue comes before the body is sent, live and replayed', async () => {
    const origin = await startRawOrigin((request, socket) => {
      socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      echo(request, socket);
    });
    const [live, again] = await twice(origin, async ({ via }) => {
      const socket = await plain(via);
      const heard = listen(socket);
      socket.write(
        `POST http://localhost:${origin.port}/ HTTP/1.1\r\nHost: localhost:${origin.port}\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`,
      );
      await heard.until((got) => got.includes('\r\n\r\n'));
      const interim = heard.got().toString();
      socket.write('abc');
      await heard.until((got) => got.toString().endsWith('abc'));
      socket.destroy();
      return { interim, all: heard.got().toString() };
    });
    expect(live.interim).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    expect(live.all.match(/100 Continue/g)).toHaveLength(1);
    expect(again).toEqual(live);
    expect(origin.requests[0]?.head).toMatch(/\r\nExpect: 100-continue\r\n/);
  });

  test('a client of HTTP/1.0 gets no chunks, and the server is asked in 1.1 with a Host', async () => {
    const origin = await startRawOrigin((_request, socket) => {
      socket.write(ok(['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n'));
    });
    const [live, again] = await twice(origin, ({ via }) =>
      askRaw(via.proxyPort, `GET http://localhost:${origin.port}/x HTTP/1.0\r\nX-Own: 1\r\n\r\n`),
    );
    expect(live).toMatchObject({ chunked: false, ended: 'end', body: Buffer.from('abc') });
    expect(again).toEqual(live);
    expect(origin.requests[0]?.head.split('\r\n')).toEqual([
      'GET /x HTTP/1.1',
      `Host: localhost:${origin.port}`,
      'X-Own: 1',
    ]);
  });

  test('repeated requests answer in order, then the last again', async () => {
    const origin = await startOrigin();
    const ask = async ({ via }: Running): Promise<unknown> => {
      const { body } = await askRaw(
        via.proxyPort,
        `GET http://localhost:${origin.httpPort}/n HTTP/1.1\r\nHost: localhost:${origin.httpPort}\r\n\r\n`,
      );
      return (JSON.parse(body.toString()) as { n: unknown }).n;
    };
    const [, again] = await twice(origin, async (running, isLive) => {
      const got: unknown[] = [];
      for (let times = isLive ? 3 : 5; times > 0; times -= 1) got.push(await ask(running));
      return { got, receipt: running.appliance.receipt() };
    });
    expect(again.got).toEqual([1, 2, 3, 3, 3]);
    expect(again.receipt).toMatchObject({
      loaded: 3,
      served: 5,
      repeated: 2,
      missed: 0,
      unused: 0,
    });
  });

  test('a query in another order finds what was recorded', async () => {
    const origin = await startRawOrigin((_request, socket) => {
      socket.write(ok(['Content-Length: 5'], 'found'));
    });
    const [, again] = await twice(origin, ({ via }, isLive) =>
      askRaw(
        via.proxyPort,
        `GET http://localhost:${origin.port}/?${isLive ? 'b=2&a=1&a=0' : 'a=1&a=0&b=2'} HTTP/1.1\r\nHost: x\r\n\r\n`,
      ),
    );
    expect(again.body.toString()).toBe('found');
  });

  test('how long the server took is in the cassette, and in a replay where asked for', async () => {
    const origin = await startRawOrigin((_request, socket) => {
      setTimeout(() => socket.write(ok(['Content-Length: 2'], 'hi')), 150);
    });
    const timed = async ({ via }: Running): Promise<number> => {
      const startedAt = performance.now();
      await askRaw(
        via.proxyPort,
        `GET http://localhost:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`,
      );
      return performance.now() - startedAt;
    };
    const [live, again] = await twice(origin, timed, () => ({ MAGNETO_LATENCY: 'recorded' }));
    expect(live).toBeGreaterThan(140);
    expect(again).toBeGreaterThan(130);
  });

  test('over TLS too, head for head', async () => {
    const origin: Origin = await startOrigin({
      answer: (_request, response) => {
        response.writeHead(200, 'Fine', [
          'X-b',
          '1',
          'x-A',
          '2',
          'X-b',
          '3',
          'Content-Length',
          '1',
        ]);
        response.end('x');
      },
    });
    const [live, again] = await twice(
      origin,
      async ({ via }) => {
        const url = new URL(`https://localhost:${origin.httpsPort}/`);
        const socket = await secureTunnel(via, url);
        const response = await askOn(socket, `GET / HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
        socket.destroy();
        return response;
      },
      (isLive) => (isLive ? { MAGNETO_UPSTREAM_CA: origin.caFile } : {}),
    );
    expect(live.head.split('\r\n').slice(0, 4)).toEqual([
      'HTTP/1.1 200 Fine',
      'X-b: 1',
      'x-A: 2',
      'X-b: 3',
    ]);
    expect(again).toEqual(live);
  });
});
