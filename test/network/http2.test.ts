import type { OutgoingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { Part } from '../../src/exchange/conversation.ts';
import { createChannel } from '../../src/support/channel.ts';
import type { Frame, Say, Serve } from './http2-world.ts';
import {
  data,
  fields,
  frame,
  frames,
  framesServer,
  goaway,
  readAll,
  reset,
  withHttp2,
} from './http2-world.ts';
import type { Asked } from './world.ts';
import {
  asking,
  bytesOf,
  eventually,
  part,
  partsOf,
  sleep,
  textOf,
  withNetwork,
  withServer,
} from './world.ts';

const second = { httpVersion: '2.0', headers: [] } as const;
const ok = [[':status', '200']] as const;

/** What comes of one request to a server of single frames, which is told of the request's stream. */
async function answeredBy(
  script: (id: number, say: Say, socket: Socket) => void,
  asked: Asked = {},
  settings: Parameters<typeof framesServer>[1] = [],
) {
  let result: { head: unknown; text: unknown; ending: unknown } | undefined;
  const saw: Frame[] = [];
  const serve = framesServer((one, say, socket) => {
    saw.push(one);
    if (one.type === frames.headers) script(one.id, say, socket);
  }, settings);
  await withServer(serve, async ({ destination }) => {
    await withNetwork({}, async (network) => {
      const { exchange } = asking(destination, { ...second, ...asked });
      const answer = await network.open(exchange);
      result = { head: answer.head, ...(await readAll(answer)) };
    });
  });
  return { ...result, saw };
}

describe('a request over HTTP/2', () => {
  test('has its fields in order, and an authority', async () => {
    let seen: readonly string[] = [];
    const serve: Serve = (stream, _headers, raw) => {
      seen = raw;
      stream.respond({}, { endStream: true });
    };
    await withHttp2(serve, async (network, { destination }) => {
      const headers = [
        ['x-b', '1'],
        ['cookie', 'a=1'],
        ['cookie', 'b=2'],
        ['x-a', 'caf\u00e9'],
        ['te', 'trailers'],
        ['x-b', '2'],
      ] as const;
      const asked = { ...second, method: 'DELETE', path: '/a?b=%20', headers };
      await readAll(await network.open(asking(destination, asked).exchange));
      const flat = headers.flat();
      const authority = `127.0.0.1:${destination.port}`;
      expect(seen).toEqual(
        expect.arrayContaining([':method', 'DELETE', ':path', '/a?b=%20', ':authority', authority]),
      );
      expect(seen.slice(8)).toEqual(flat);
      const { exchange } = asking(destination, asked);
      const head = { ...exchange.head, authority: 'b.example' };
      await readAll(await network.open({ ...exchange, head }));
      expect(seen[seen.indexOf(':authority') + 1]).toBe('b.example');
    });
  });

  test('leaves out what only a connection of HTTP/1 has', async () => {
    let seen: readonly string[] = [];
    const serve: Serve = (stream, _headers, raw) => {
      seen = raw;
      stream.respond({}, { endStream: true });
    };
    await withHttp2(serve, async (network, { destination }) => {
      const headers = [
        ['Connection', 'x-hop, upgrade'],
        ['x-hop', '1'],
        ['Upgrade', 'h2c'],
        ['HTTP2-Settings', 'AAA'],
        ['Keep-Alive', 'timeout=5'],
        ['TE', 'gzip'],
        ['Transfer-Encoding', 'chunked'],
        ['X-Kept', '1'],
      ] as const;
      await readAll(await network.open(asking(destination, { ...second, headers }).exchange));
      expect(seen.slice(8)).toEqual(['x-kept', '1']);
    });
  });

  test('that Node cannot send is a failure, not a crash', async () => {
    await withHttp2(
      (stream) => stream.respond({}, { endStream: true }),
      async (network, { destination }) => {
        const headers = [['a b', 'c']] as const;
        const answer = await network.open(asking(destination, { ...second, headers }).exchange);
        expect(answer.failure?.code).toBe('MALFORMED_HTTP');
        // The place on the connection was given back.
        expect((await network.open(asking(destination, second).exchange)).head?.status).toBe(200);
      },
    );
  });

  test.each([
    ['whole', Buffer.from('hello')],
    ['in parts', partsOf('he', 'llo')],
  ])('brings its body (%s) and its trailers', async (_how, body) => {
    let text = '';
    let trailers: unknown;
    await withHttp2(
      (stream) => {
        stream.on('trailers', (_headers, _flags, raw?: readonly string[]) => {
          trailers = raw;
        });
        stream.on('data', (bytes: Buffer) => {
          text += bytes.toString();
        });
        stream.on('end', () => {
          stream.respond();
          stream.end('ok');
        });
      },
      async (network, { destination }) => {
        const sum = [
          ['x-sum', '7'],
          ['x-sum', '8'],
        ] as const;
        const asked = { ...second, method: 'POST', body, trailers: sum };
        const answer = await network.open(asking(destination, asked).exchange);
        expect(await textOf(answer.body)).toBe('ok');
        expect(text).toBe('hello');
        if (!Buffer.isBuffer(body)) expect(trailers).toEqual(sum.flat());
      },
    );
  });

  test('ends where its parts end, and not before', async () => {
    const body = createChannel<Part>();
    const seen: string[] = [];
    const serve = framesServer(({ type, flags, id }, say) => {
      if (type === frames.headers) say(fields(id, ok));
      seen.push(`${type} ${flags}`);
      if (type === frames.data && (flags & 1) !== 0) say(data(id, 'end', true));
    });
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const answer = await network.open(asking(destination, { ...second, body }).exchange);
        await body.push(part('a'));
        await eventually(() => seen.filter((one) => one.startsWith('0')).length === 1);
        expect(seen).not.toContain('0 1');
        body.end();
        expect(await readAll(answer)).toMatchObject({ text: 'end', ending: { type: 'finished' } });
        expect(seen.filter((one) => one === '0 1')).toHaveLength(1);
      });
    });
  });
});

describe('an answer over HTTP/2', () => {
  test('keeps its fields, its pieces and its trailers', async () => {
    const head = [
      [':status', '299'],
      ['x-b', '1'],
      ['set-cookie', 'a'],
      ['x-a', ''],
      ['set-cookie', 'b'],
    ] as const;
    const came: string[] = [];
    const serve = framesServer(({ type, id }, say) => {
      if (type !== frames.headers) return;
      const end = fields(
        id,
        [
          ['grpc-status', '0'],
          ['x', 'y'],
          ['grpc-status', '1'],
        ],
        true,
      );
      say(fields(id, head), data(id, 'abc'), data(id, ''), data(id, 'd'), data(id, 'ef'), end);
    });
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const answer = await network.open(asking(destination, second).exchange);
        expect(answer.head).toEqual({
          status: 299,
          statusText: '',
          httpVersion: '2.0',
          headers: head.slice(1),
        });
        if (answer.body === undefined || Buffer.isBuffer(answer.body)) throw new Error('no parts');
        for await (const { bytes, kind, atMs } of answer.body) {
          expect(kind).toBe('data');
          expect(atMs).toBeGreaterThan(0);
          came.push(bytes.toString());
        }
        expect(came).toEqual(['abc', 'd', 'ef']);
        const trailers = [
          ['grpc-status', '0'],
          ['x', 'y'],
          ['grpc-status', '1'],
        ];
        expect(await answer.ending).toEqual({ type: 'finished', trailers });
      });
    });
  });

  test('that is no more than a head has no body; one with an end of its own has an empty one', async () => {
    const status = [...ok, ['grpc-status', '5']] as const;
    const only = await answeredBy((id, say) => say(fields(id, status, true)));
    expect(only).toMatchObject({ text: undefined, ending: { type: 'finished', trailers: [] } });
    expect(only.head).toMatchObject({ headers: [['grpc-status', '5']] });
    const empty = await answeredBy((id, say) => say(fields(id, ok), data(id, '', true)));
    expect(empty).toMatchObject({ text: '', ending: { type: 'finished', trailers: [] } });
    const end = [['grpc-status', '5']] as const;
    const after = await answeredBy((id, say) => say(fields(id, ok), fields(id, end, true)));
    expect(after).toMatchObject({ text: '', ending: { type: 'finished', trailers: end } });
  });

  test('comes after interim heads, which are told at once', async () => {
    const serve = framesServer(({ type, id }, say) => {
      if (type !== frames.headers) return;
      say(
        fields(id, [
          [':status', '103'],
          ['link', 'a'],
        ]),
      );
      setTimeout(() => say(fields(id, [[':status', '104']]), fields(id, ok, true)), 30);
    });
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const live = asking(destination, second);
        const opened = network.open(live.exchange);
        await eventually(() => live.informed.length === 1);
        await opened;
        const [link, other] = live.informed;
        expect(link).toEqual({
          status: 103,
          statusText: '',
          httpVersion: '2.0',
          headers: [['link', 'a']],
        });
        expect(other?.status).toBe(104);
      });
    });
  });

  test('with interim heads without end is broken off', async () => {
    const interim = (id: number) => fields(id, [[':status', '103']]);
    const { ending, head } = await answeredBy((id, say) =>
      say(...Array.from({ length: 200 }, () => interim(id))),
    );
    expect(head).toBeUndefined();
    expect(ending).toMatchObject({ type: 'reset', by: 'server' });
  });

  test('flows while the request is still being said', async () => {
    await withHttp2(
      (stream) => {
        stream.respond();
        stream.pipe(stream);
      },
      async (network, { destination }) => {
        const body = createChannel<Part>();
        const asked = { ...second, method: 'POST', body };
        const answer = await network.open(asking(destination, asked).exchange);
        if (answer.body === undefined || Buffer.isBuffer(answer.body)) throw new Error('no parts');
        const parts = answer.body[Symbol.asyncIterator]();
        for (const word of ['one', 'two', 'three']) {
          await body.push(part(word));
          const { value } = await parts.next();
          expect((value as Part).bytes.toString()).toBe(word);
        }
        body.end();
        expect((await parts.next()).done).toBe(true);
        expect((await answer.ending).type).toBe('finished');
      },
    );
  });

  test('may end before the request does', async () => {
    const body = createChannel<Part>();
    void body.push(part('abc'));
    const asked = { method: 'POST', body };
    const { text, ending } = await answeredBy(
      (id, say) => say(fields(id, ok), data(id, 'no', true), reset(id, 0)),
      asked,
    );
    expect({ text, ending }).toEqual({ text: 'no', ending: { type: 'finished', trailers: [] } });
    // Nobody reads what the client says any more.
    await body.push(part('x'));
    body.end();
  });

  test('to HEAD has no body', async () => {
    await withHttp2(
      (stream) => {
        stream.respond({ 'content-length': '5' });
        stream.end();
      },
      async (network, { destination }) => {
        const asked = { ...second, method: 'HEAD' };
        const answer = await network.open(asking(destination, asked).exchange);
        expect(answer.body).toBeUndefined();
        expect((await answer.ending).type).toBe('finished');
      },
    );
  });
});

describe('a stream of HTTP/2 that breaks', () => {
  const head = (id: number) => fields(id, ok);
  test.each([
    ['before its head', (id: number) => [reset(id, 7)], undefined, 7],
    ['amid its body', (id: number) => [head(id), data(id, 'abc'), reset(id, 2)], 'abc', 2],
    ['cancelled', (id: number) => [head(id), data(id, 'abc'), reset(id, 8)], 'abc', 8],
    ['without an error', (id: number) => [head(id), data(id, 'abc'), reset(id, 0)], 'abc', 0],
    ['with a code of its own', (id: number) => [head(id), reset(id, 4242)], '', 4242],
  ])('%s ends as it did', async (_when, said, ...[text, code]) => {
    const result = await answeredBy((id, say) => say(...said(id)));
    expect(result.text).toBe(text);
    expect(result.ending).toEqual({ type: 'reset', by: 'server', code });
    expect(result.head !== undefined).toBe(text !== undefined);
  });

  test('is the loss of its connection', async () => {
    const say = (id: number, to: Say): void => to(head(id), data(id, 'abc'));
    const closed = await answeredBy((id, to, socket) => {
      say(id, to);
      setTimeout(() => socket.end(), 20);
    });
    expect(closed).toMatchObject({ text: 'abc', ending: { type: 'cut', by: 'server' } });
    const broken = await answeredBy((id, to, socket) => {
      say(id, to);
      setTimeout(() => socket.resetAndDestroy(), 20);
    });
    expect(broken).toMatchObject({ text: 'abc', ending: { type: 'reset', by: 'server' } });
    expect(broken.ending).not.toHaveProperty('code');
  });

  test('is nonsense of the server', async () => {
    const upper = await answeredBy((id, say) => say(fields(id, [...ok, ['X-Upper', 'a']], true)));
    expect(upper).toMatchObject({ head: undefined, ending: { type: 'reset', by: 'server' } });
    const garbage = await answeredBy((_id, say) => say(Buffer.from('HTTP/1.1 400 Bad\r\n\r\n')));
    expect(garbage).toMatchObject({ head: undefined, ending: { type: 'reset', by: 'server' } });
  });

  test('is a push that nobody asked for', async () => {
    const promise = (id: number) =>
      frame(frames.push, id, { flags: 4, payload: Buffer.from([0, 0, 0, 2, 0x82]) });
    const { ending } = await answeredBy((id, say) => say(promise(id)));
    expect(ending).toMatchObject({ type: 'reset', by: 'server' });
  });
});

describe('a server that goes away', () => {
  test.each([0, 11])('without a stream (code %d) leaves it untaken', async (code) => {
    const { ending, head } = await answeredBy((_id, say) => say(goaway(0, code)));
    expect(head).toBeUndefined();
    expect(ending).toEqual({ type: 'goaway', code });
  });

  test.each([0, 11])('(code %d) still answers what it took', async (code) => {
    const { ending, text } = await answeredBy((id, say) => {
      say(fields(id, ok), data(id, 'abc'), goaway(id, code));
      setTimeout(() => say(data(id, 'def', true)), 30);
    });
    expect({ text, ending }).toEqual({
      text: 'abcdef',
      ending: { type: 'finished', trailers: [] },
    });
  });

  test.each([0, 11])('(code %d) and is lost loses what it took', async (code) => {
    const { ending, text } = await answeredBy((id, say, socket) => {
      say(fields(id, ok), data(id, 'abc'), goaway(id, code));
      setTimeout(() => socket.end(), 30);
    });
    expect({ text, ending }).toEqual({ text: 'abc', ending: { type: 'cut', by: 'server' } });
  });

  test('in two steps is asked nothing new, and loses only what came too late', async () => {
    const told: number[] = [];
    const serve = framesServer(({ type, id }, say) => {
      if (type !== frames.headers) return;
      told.push(id);
      if (told.length === 1) say(fields(id, ok));
      else if (told.length === 2) say(goaway(2 ** 31 - 1, 0), goaway(1, 0), data(1, 'end', true));
      else say(fields(id, ok, true));
    });
    await withServer(serve, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        const first = await network.open(asking(destination, second).exchange);
        const late = await network.open(asking(destination, second).exchange);
        expect(late.ending).toEqual({ type: 'goaway', code: 0 });
        expect(await readAll(first)).toMatchObject({ text: 'end', ending: { type: 'finished' } });
        await readAll(await network.open(asking(destination, second).exchange));
        expect(sockets.length).toBe(2);
        expect(told).toEqual([1, 3, 1]);
      });
    });
  });
});

describe('a client of HTTP/2 that leaves', () => {
  test.each([
    [{ type: 'reset', by: 'client', code: 5 }, 5],
    [{ type: 'reset', by: 'client' }, 8],
    [{ type: 'cut', by: 'client' }, 8],
  ] as const)('with %j resets the stream, and no other', async (reason, code) => {
    const saw: Frame[] = [];
    const serve = framesServer((one, say) => {
      saw.push(one);
      if (one.type === frames.headers) say(fields(one.id, ok), data(one.id, 'abc'));
      if (one.type === frames.reset) say(data(3, 'end', true));
    });
    await withServer(serve, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        const live = asking(destination, second);
        const [answer, other] = await Promise.all([
          network.open(live.exchange),
          network.open(asking(destination, second).exchange),
        ]);
        setTimeout(() => live.leave(reason), 20);
        expect(await readAll(answer)).toEqual({ text: 'abc', ending: reason });
        expect((await readAll(other)).text).toBe('abcend');
        const resets = saw.filter(({ type }) => type === frames.reset);
        expect(resets.map(({ id, payload }) => [id, payload.readUInt32BE()])).toEqual([[1, code]]);
        expect(sockets.length).toBe(1);
      });
    });
  });

  test('before a head ends without one; before it began it is not even asked for', async () => {
    const saw: Frame[] = [];
    const serve = framesServer((one) => saw.push(one));
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const live = asking(destination, second);
        const opened = network.open(live.exchange);
        await eventually(() => saw.some(({ type }) => type === frames.headers));
        live.leave({ type: 'cut', by: 'client' });
        expect(await opened).toMatchObject({ body: undefined, ending: { type: 'cut' } });
        const gone = asking(destination, second);
        gone.leave({ type: 'reset', by: 'client', code: 8 });
        const never = await network.open(gone.exchange);
        expect(never.ending).toEqual({ type: 'reset', by: 'client', code: 8 });
        expect(saw.filter(({ type }) => type === frames.headers)).toHaveLength(1);
      });
    });
  });

  test('amid its body leaves the server a torn request', async () => {
    const saw: Frame[] = [];
    const serve = framesServer((one) => saw.push(one));
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const body = createChannel<Part>();
        const live = asking(destination, { ...second, method: 'POST', body });
        const opened = network.open(live.exchange);
        await body.push(part('12345'));
        await eventually(() => saw.some(({ type }) => type === frames.data));
        body.end();
        live.leave({ type: 'cut', by: 'client' });
        expect((await opened).ending).toEqual({ type: 'cut', by: 'client' });
        await eventually(() => saw.some(({ type }) => type === frames.reset));
        expect(saw.some(({ type, flags }) => type === frames.data && flags === 1)).toBe(false);
      });
    });
  });

  test('by an error in its body, and by reading no further, too', async () => {
    async function* torn(): AsyncGenerator<Part> {
      yield part('12345');
      throw new Error('torn');
    }
    const failed = await answeredBy(() => {}, { method: 'POST', body: torn() });
    expect(failed.ending).toEqual({ type: 'cut', by: 'client' });
    await withHttp2(
      (stream) => {
        stream.respond();
        stream.write('abc');
      },
      async (network, { destination }) => {
        const answer = await network.open(asking(destination, second).exchange);
        if (answer.body === undefined || Buffer.isBuffer(answer.body)) throw new Error('no parts');
        for await (const { bytes } of answer.body) {
          expect(bytes.toString()).toBe('abc');
          break;
        }
        expect(await answer.ending).toEqual({ type: 'cut', by: 'client' });
      },
    );
  });
});

describe('back-pressure over HTTP/2', () => {
  test('stops a stream that nobody reads, and no other', async () => {
    const size = 16 * 1024 * 1024;
    let sent = 0;
    await withHttp2(
      (stream, headers) => {
        // Left unread, Node would reset the stream as soon as its answer is written.
        stream.resume();
        stream.respond();
        if (headers[':path'] !== '/big') {
          stream.end('small');
          return;
        }
        const piece = Buffer.alloc(65_536, 'x');
        const pump = (): void => {
          for (let more = true; more; ) {
            if (sent === size) return void stream.end();
            sent += piece.length;
            more = stream.write(piece);
          }
          stream.once('drain', pump);
        };
        pump();
      },
      async (network, { destination }) => {
        const big = await network.open(asking(destination, { ...second, path: '/big' }).exchange);
        let before = -1;
        while (before !== sent) {
          before = sent;
          await sleep(50);
        }
        expect(sent).toBeLessThan(2 * 1024 * 1024);
        const small = await network.open(asking(destination, second).exchange);
        expect(await textOf(small.body)).toBe('small');
        expect((await bytesOf(big.body))?.length).toBe(size);
        expect((await big.ending).type).toBe('finished');
      },
    );
  });

  test('keeps the pieces of a server that its reader cannot follow', async () => {
    const lengths = Array.from({ length: 50 }, (_, at) => 100 + at);
    const serve = framesServer(({ type, id }, say) => {
      if (type !== frames.headers) return;
      say(
        fields(id, ok),
        ...lengths.map((length) => data(id, 'x'.repeat(length))),
        data(id, '', true),
      );
    });
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const answer = await network.open(asking(destination, second).exchange);
        if (answer.body === undefined || Buffer.isBuffer(answer.body)) throw new Error('no parts');
        await sleep(30);
        const came: number[] = [];
        for await (const { bytes } of answer.body) came.push(bytes.length);
        expect(came).toEqual(lengths);
      });
    });
  });

  test('stops a client whose server does not read', async () => {
    let read = 0;
    async function* endless(): AsyncGenerator<Part> {
      for (; read < 64 * 1024 * 1024; read += 65_536) yield part(Buffer.alloc(65_536));
    }
    await withHttp2(
      () => {},
      async (network, { destination }) => {
        const live = asking(destination, { ...second, method: 'POST', body: endless() });
        const opened = network.open(live.exchange);
        let before = -1;
        while (before !== read) {
          before = read;
          await sleep(50);
        }
        expect(read).toBeLessThan(2 * 1024 * 1024);
        live.leave({ type: 'cut', by: 'client' });
        expect((await opened).ending).toEqual({ type: 'cut', by: 'client' });
      },
    );
  });
});

describe('a head over HTTP/2', () => {
  test.each([
    [2, 'finished'],
    [6, 'reset'],
  ])('of %d fields of 50,000 bytes is %s', async (count, type) => {
    const long = Array.from({ length: count }, (_, at) => [`x-${at}`, 'y'.repeat(50_000)]);
    const head: OutgoingHttpHeaders = Object.fromEntries(long);
    await withHttp2(
      (stream) => stream.respond(head, { endStream: true }),
      async (network, { destination }) => {
        const answer = await network.open(asking(destination, second).exchange);
        expect((await answer.ending).type).toBe(type);
      },
      { maxSendHeaderBlockLength: 1_048_576 },
    );
  });

  test('may have a thousand fields', async () => {
    const many = Array.from({ length: 1_000 }, (_, at): [string, string] => [`x-${at}`, 'y']);
    const head: OutgoingHttpHeaders = Object.fromEntries(many);
    await withHttp2(
      (stream, headers) => {
        stream.respond(headers['x-999'] === 'y' ? head : {});
        stream.end();
      },
      async (network, { destination }) => {
        const asked = { ...second, headers: many };
        const answer = await network.open(asking(destination, asked).exchange);
        expect(answer.head?.headers.length).toBeGreaterThanOrEqual(1_000);
      },
      { maxHeaderListPairs: 4_000 },
    );
  });
});
