import { performance } from 'node:perf_hooks';
import { describe, expect, test } from '@jest/globals';
import type { Entry, SoughtInVain } from '../../src/cassette/cassette.ts';
import { createNeighbours } from '../../src/cassette/closest.ts';
import { bodyDigest } from '../../src/cassette/signature.ts';
import type { RecordedRequest } from '../../src/exchange/interaction.ts';
import { example, sample } from './samples.ts';

function neighboursOf(...requests: readonly Partial<RecordedRequest>[]) {
  const neighbours = createNeighbours();
  for (const [place, request] of requests.entries()) {
    const interaction = sample(place, { request });
    const entry: Entry = { interaction, bodyDigest: bodyDigest(request.body), place };
    neighbours.add(entry);
  }
  return neighbours;
}

function sought(path: string, more: Partial<SoughtInVain> & { method?: string } = {}) {
  const { method = 'GET', ...rest } = more;
  const head = { method, path, headers: [], httpVersion: '1.1' };
  return { head, destination: example, ...rest };
}

describe('what differs', () => {
  test.each([
    ['a parameter', '/a?p=1&q=x', '/a?q=x&p=2', [['query.p', '1', '2']]],
    ['one too many', '/a?p=1', '/a?p=1&q=2', [['query.q', '(absent)', '2']]],
    ['one too few', '/a?p=1', '/a', [['query.p', '1', '(absent)']]],
    ['the order of repetitions', '/a?p=1&p=2', '/a?p=2&p=1', [['query.p', '1,2', '2,1']]],
    ['only the spelling', '/a?p', '/a?p=', [['query', 'p', 'p=']]],
    ['the path', '/a/b', '/a/c', [['path', '/a/b', '/a/c']]],
  ])('%s', (...[_what, recorded, got, expected]) => {
    const closest = neighboursOf({ path: recorded }).closest(sought(got));
    expect(closest?.differences).toEqual(
      expected.map(([field, was, is]) => ({ field, recorded: was, got: is })),
    );
  });

  test('scheme, port, method and body', () => {
    const neighbours = neighboursOf({ method: 'PUT', path: '/a', body: Buffer.from('x') });
    const destination = { host: example.host, port: 80, secure: false };
    const closest = neighbours.closest(
      sought('/a', { destination, method: 'POST', bodyDigest: '' }),
    );
    expect(closest?.differences).toEqual([
      { field: 'scheme', recorded: 'https', got: 'http' },
      { field: 'port', recorded: '443', got: '80' },
      { field: 'method', recorded: 'PUT', got: 'POST' },
      { field: 'body', recorded: `sha256:${bodyDigest(Buffer.from('x'))}`, got: '(empty)' },
    ]);
  });

  test('a handshake against a plain request', () => {
    const headers = [
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Key', 'x'],
    ] as const;
    const head = { method: 'GET', path: '/a', headers, httpVersion: '1.1' };
    const closest = neighboursOf({ path: '/a' }).closest({ head, destination: example });
    expect(closest?.differences).toEqual([{ field: 'kind', recorded: 'http', got: 'websocket' }]);
  });

  test('nothing of the body where it was not read, and 20 at most', () => {
    const query = Array.from({ length: 30 }, (_, index) => `p${index}=1`).join('&');
    const neighbours = neighboursOf({ path: `/a?${query}`, body: Buffer.from('x') });
    expect(neighbours.closest(sought('/a'))?.differences).toHaveLength(20);
    expect(neighbours.closest(sought(`/a?${query}`))?.differences).toEqual([]);
  });
});

describe('the closest', () => {
  test('is of the same path before all others, though more differs', () => {
    const neighbours = neighboursOf({ path: '/a?p=1&q=1', method: 'POST' }, { path: '/b?p=2' });
    expect(neighbours.closest(sought('/a?p=2&q=2'))?.interaction.id).toBe('i-0');
  });

  test('shares the first segments where no path is the same', () => {
    const neighbours = neighboursOf({ path: '/x/y/z' }, { path: '/users/1/posts' }, { path: '/' });
    expect(neighbours.closest(sought('/users/2/posts'))?.interaction.id).toBe('i-1');
  });

  test('is on the same host; of another host there is none', () => {
    const neighbours = neighboursOf({ path: '/a' });
    const other = { ...example, port: 8443 };
    expect(neighbours.closest(sought('/a', { destination: other }))?.interaction.id).toBe('i-0');
    const stranger = { ...example, host: 'example.net' };
    expect(neighbours.closest(sought('/a', { destination: stranger }))).toBeUndefined();
  });

  test('is found as fast among many as among few', () => {
    const paths = Array.from({ length: 20_000 }, (_, index) => ({ path: `/many/${index}` }));
    const neighbours = neighboursOf(...paths);
    const started = performance.now();
    for (let count = 0; count < 20; count += 1) neighbours.closest(sought('/absent'));
    expect((performance.now() - started) / 20).toBeLessThan(20);
  });
});
