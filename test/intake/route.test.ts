import { describe, expect, test } from '@jest/globals';
import type { Destination } from '../../src/exchange/destination.ts';
import type { Offer } from '../../src/exchange/upstream.ts';
import type { Seen } from '../../src/intake/route.ts';
import { chooseProtocol, depthMax, destinationInside, route } from '../../src/intake/route.ts';
import type { Failure } from '../../src/exchange/failure.ts';

const client = '10.0.0.7:4000';
const destination: Destination = { host: 'a.test', port: 8443, secure: false };

/** A decision in one word, and the failure's code where there is one. */
function words(next: { readonly to: string; readonly failure?: Failure }): string {
  return next.failure === undefined ? next.to : `${next.to} ${next.failure.code}`;
}

describe('after the first bytes', () => {
  const table: readonly (readonly [Seen, string, string])[] = [
    // seen          destination known   unknown
    ['http', 'http', 'http'],
    ['tls', 'tls', 'tls'],
    ['brokenHello', 'alert CLIENT_HELLO_BROKEN', 'alert CLIENT_HELLO_BROKEN'],
    ['http2', 'http2', 'http2'],
    ['raw', 'stream', 'drop'],
    ['serverSpoke', 'stream', 'drop'],
    ['endedShort', 'stream', 'drop'],
    ['endedSilent', 'drop', 'drop'],
    ['lost', 'drop', 'drop'],
  ];

  test.each(table)('%s goes to %s, or to %s', (seen, whereKnown, whereUnknown) => {
    const stage = { at: 'bytes', seen, depth: 0, loop: false, client, http2: true } as const;
    expect(words(route({ ...stage, known: true }))).toBe(whereKnown);
    expect(words(route({ ...stage, known: false }))).toBe(whereUnknown);
  });

  test.each(table)('%s is dropped in too many tunnels', (seen) => {
    const deep = { at: 'bytes', seen, known: true, loop: false, client, http2: true } as const;
    expect(route({ ...deep, depth: depthMax + 1 })).toMatchObject({ to: 'drop' });
    expect(words(route({ ...deep, depth: depthMax }))).not.toBe(
      seen === 'lost' || seen === 'endedSilent' ? '' : 'drop',
    );
  });

  test('HTTP/2 that is not spoken here is a stream like any other', () => {
    const stage = {
      at: 'bytes',
      seen: 'http2',
      depth: 0,
      loop: false,
      client,
      http2: false,
    } as const;
    expect(words(route({ ...stage, known: true }))).toBe('stream');
    expect(words(route({ ...stage, known: false }))).toBe('drop');
  });

  test('a failure names the client', () => {
    const next = route({
      at: 'bytes',
      seen: 'brokenHello',
      known: true,
      depth: 0,
      loop: false,
      client,
      http2: true,
    });
    expect(next.to === 'alert' && next.failure.message).toContain(client);
  });
});

describe('before anything is looked at', () => {
  test.each([
    [undefined, false, 'look'],
    [undefined, true, 'look'],
    ['live', false, 'stream'],
    ['passthrough', false, 'stream'],
    ['live', true, 'reset DESTINATION_IS_PROXY'],
  ] as const)('%s, of our own %s: %s', (untouched, loop, decision) => {
    expect(words(route({ at: 'arrival', untouched, loop, client }))).toBe(decision);
  });
});

describe('after a TLS hello', () => {
  const gone: Offer = { type: 'ended', ending: { type: 'refused' } };

  test.each([
    [{ captured: true, offer: undefined }, 'stream'],
    [{ captured: true, offer: gone }, 'reset'],
    [{ captured: false, offer: gone }, 'stream'],
  ] as const)('what is not to be opened streams, unless it is gone: %j', (stage, decision) => {
    for (const untouched of ['live', 'passthrough'] as const) {
      expect(route({ at: 'hello', ...stage, untouched }).to).toBe(decision);
    }
  });
});

describe('after a CONNECT', () => {
  const table: readonly (readonly [string, Offer, string])[] = [
    ['terms', { type: 'terms' }, 'accept'],
    ['nothing known', { type: 'unknown' }, 'accept'],
    ['refused', { type: 'ended', ending: { type: 'refused' } }, 'refuse UPSTREAM_REFUSED'],
    ['timed out', { type: 'ended', ending: { type: 'timedOut' } }, 'refuse UPSTREAM_TIMED_OUT'],
    [
      'no such name',
      { type: 'ended', ending: { type: 'dns', code: 'ENOTFOUND' } },
      'refuse UPSTREAM_NAME_NOT_FOUND',
    ],
    ['reset', { type: 'ended', ending: { type: 'reset', by: 'server' } }, 'drop'],
    ['cut', { type: 'ended', ending: { type: 'cut', by: 'server' } }, 'drop'],
    ['tls', { type: 'ended', ending: { type: 'tls', code: 'X', reason: 'x' } }, 'accept'],
    ['finished', { type: 'ended', ending: { type: 'finished', trailers: [] } }, 'accept'],
    [
      'closed',
      { type: 'ended', ending: { type: 'closed', by: 'server', code: 1000, reason: '' } },
      'accept',
    ],
  ];

  test.each(table)('%s', (_, offer, expected) => {
    const next = route({ at: 'connect', destination, offer });
    expect(words(next)).toBe(expected);
    if (next.to === 'refuse') expect(next.failure.message).toContain('a.test:8443');
  });
});

test.each([
  ['http', 'refuse CLIENT_NOT_ALLOWED'],
  ['tls', 'drop'],
  ['raw', 'drop'],
  ['lost', 'drop'],
] as const)('a stranger that speaks %s: %s', (seen, expected) => {
  expect(words(route({ at: 'stranger', seen, client }))).toBe(expected);
});

describe('the destination inside a TLS session', () => {
  test('is that of the tunnel around it', () => {
    const inside = destinationInside(destination, { serverName: 'b.test', alpn: [] });
    expect(inside).toEqual({ host: 'a.test', port: 8443, secure: true });
  });

  test('without a tunnel is the server name, port 443', () => {
    const inside = destinationInside(undefined, { serverName: 'b.test', alpn: [] });
    expect(inside).toEqual({ host: 'b.test', port: 443, secure: true, learnt: 'sni' });
  });

  test.each([undefined, 'localhost', '127.0.0.1', 'magneto.local'])(
    'is unknown under %s: that is an https proxy',
    (serverName) => {
      const hello = serverName === undefined ? { alpn: [] } : { serverName, alpn: [] };
      expect(destinationInside(undefined, hello)).toBeUndefined();
    },
  );
});

describe('of the protocols that a client offers', () => {
  const both = ['http/1.1', 'h2'];
  const table: readonly (readonly [readonly string[], string | undefined, string | undefined])[] = [
    // offered               the server chose  the client is given
    [[], 'h2', 'none'],
    [both, 'h2', 'h2'],
    [both, 'http/1.1', 'http/1.1'],
    [both, undefined, 'http/1.1'],
    [['http/1.0', 'http/1.1'], 'h2', 'http/1.1'],
    [['http/1.0'], 'http/1.1', 'http/1.0'],
    [['h2'], 'http/1.1', 'h2'],
    [['h2', 'http/1.0'], 'http/1.1', 'http/1.0'],
    [['spdy/3'], 'h2', undefined],
  ];

  test.each(table)('%j, where the server chose %s: %s', (offered, alpn, given) => {
    const offer: Offer = { type: 'terms', ...(alpn !== undefined && { alpn }) };
    expect(chooseProtocol(offered, { offer, http2: true })).toBe(given);
  });

  test.each<[readonly string[], string | undefined]>([
    [both, 'h2'],
    [['http/1.0', 'http/1.1'], 'http/1.1'],
    [['h2'], 'h2'],
    [['spdy/3'], undefined],
  ])('%j, where no server is asked: %s', (offered, given) => {
    const ended: Offer = { type: 'ended', ending: { type: 'refused' } };
    for (const offer of [undefined, { type: 'unknown' } as const, ended]) {
      expect(chooseProtocol(offered, { offer, http2: true })).toBe(given);
    }
  });

  test('none is HTTP/2 where that is not spoken', () => {
    const offer: Offer = { type: 'terms', alpn: 'h2' };
    expect(chooseProtocol(both, { offer, http2: false })).toBe('http/1.1');
    expect(chooseProtocol(['h2'], { offer, http2: false })).toBeUndefined();
  });

  test('is what a server chose though nobody here speaks it', () => {
    const offer = { type: 'terms', alpn: 'x-raw' } as const;
    expect(chooseProtocol(['http/1.1', 'x-raw'], { offer, http2: true })).toBe('x-raw');
    expect(chooseProtocol(['x-raw'], { offer: undefined, http2: true })).toBeUndefined();
  });
});

describe('what the kernel has brought here', () => {
  const captured = { host: '10.0.0.9', port: 443, secure: false, address: '10.0.0.9' };
  const refused: Offer = { type: 'ended', ending: { type: 'refused' } };
  const untrusted: Offer = { type: 'ended', ending: { type: 'tls', code: 'X', reason: 'x' } };

  test.each<[boolean, Offer | undefined, string]>([
    [true, refused, 'reset'],
    [false, refused, 'secure'],
    [true, untrusted, 'secure'],
    [true, { type: 'terms' }, 'secure'],
    [true, undefined, 'secure'],
  ])('captured %s, with the offer %j: %s', (isCaptured, offer, expected) => {
    expect(route({ at: 'hello', captured: isCaptured, offer }).to).toBe(expected);
  });

  test('is named by the server name, and still dialled where the kernel says', () => {
    const inside = destinationInside(captured, { serverName: 'b.test', alpn: [] });
    expect(inside).toEqual({
      host: 'b.test',
      port: 443,
      secure: true,
      address: '10.0.0.9',
      learnt: 'sni',
    });
    expect(destinationInside(captured, { alpn: [] })).toMatchObject({ host: '10.0.0.9' });
  });

  test('is reset where it comes from ourselves', () => {
    const stage = { at: 'bytes', seen: 'http', known: true, depth: 0, http2: true } as const;
    const next = route({ ...stage, loop: true, client });
    expect(words(next)).toBe('reset DESTINATION_IS_PROXY');
  });
});
