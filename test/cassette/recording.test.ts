import { expect, test } from '@jest/globals';
import { createRecording } from '../../src/cassette/recording.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { example, sample } from './samples.ts';

const content = { name: 'c', file: 'c.json', digest: 'd', unfinished: false };
const post = (sequence: number, body: string | undefined): Interaction =>
  sample(sequence, {
    request: {
      method: 'POST',
      path: '/a?x=1&y=2',
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    },
  });

test('what has one signature is found together, in recorded order, told apart by its body', () => {
  const interactions = [post(0, 'one'), sample(1), post(2, undefined), post(3, 'one')];
  const recording = createRecording({ ...content, interactions });
  const sought = { method: 'POST', path: '/a?y=2&x=1' };
  const found = recording.find({ kind: 'http', head: sought, destination: example });
  expect(found?.entries.map(({ place }) => place)).toEqual([0, 2, 3]);
  const [first, second, third] = found?.entries ?? [];
  expect(second?.bodyDigest).toBe('');
  expect(first?.bodyDigest).toHaveLength(64);
  expect(third?.bodyDigest).toBe(first?.bodyDigest);
  expect(first?.interaction).toBe(interactions[0]);
});

test('a candidate key is the same for the same signature, and nothing is found for another', () => {
  const recording = createRecording({ ...content, interactions: [sample(0)] });
  const head = { method: 'GET', path: '/0' };
  const found = recording.find({ kind: 'http', head, destination: example });
  expect(recording.find({ kind: 'http', head, destination: example })?.key).toBe(found?.key);
  expect(recording.find({ kind: 'websocket', head, destination: example })).toBeUndefined();
  expect(
    recording.find({ kind: 'http', head: { ...head, path: '/9' }, destination: example }),
  ).toBeUndefined();
});

test('a request recorded in part matches any body', () => {
  const partial = sample(0, { request: { body: Buffer.from('begin'), partial: true } });
  const recording = createRecording({ ...content, interactions: [partial] });
  const found = recording.find({
    kind: 'http',
    head: { method: 'GET', path: '/0' },
    destination: example,
  });
  expect(found?.entries[0]?.bodyDigest).toBe('*');
});

test('connections that never were are known by host and port, apart from what was answered', () => {
  const gone = { host: 'gone.example.org', port: 443, secure: true };
  const { response: _, ...rest } = sample(0, { request: { destination: gone } });
  const refused: Interaction = { ...rest, kind: 'connect', ending: { type: 'refused' } };
  const recording = createRecording({ ...content, interactions: [refused, sample(1)] });
  expect(recording.connects({ ...gone, secure: false }).map(({ place }) => place)).toEqual([0]);
  expect(recording.connects(example)).toEqual([]);
  expect(recording.terms(gone)).toBeUndefined();
  expect(recording.terms({ ...example, secure: false })).toBeDefined();
  expect(recording.terms({ ...example, port: 80 })).toBeUndefined();
});

test('whether a server was asked over HTTP/2, and for a WebSocket, is known by host and port', () => {
  const old = { host: 'old.example.org', port: 443, secure: true };
  const over = (httpVersion: string, more: Partial<Interaction> = {}): Interaction => ({
    ...sample(0, { request: { httpVersion } }),
    ...more,
  });
  const http1 = sample(1, { request: { destination: old } });
  const recording = (interactions: readonly Interaction[]) =>
    createRecording({ ...content, interactions });
  const mixed = recording([over('2.0'), over('1.1', { kind: 'websocket' }), http1]);
  expect(mixed.terms(example)).toEqual({ http2: true, connectProtocol: false });
  expect(mixed.terms(old)).toEqual({ http2: false, connectProtocol: false });
  const socket = recording([over('2.0', { kind: 'websocket' }), over('1.1')]);
  expect(socket.terms(example)).toEqual({ http2: true, connectProtocol: true });
});
