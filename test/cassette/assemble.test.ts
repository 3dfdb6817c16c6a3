import { describe, expect, test } from '@jest/globals';
import { assemble, assembleKilled, type Said } from '../../src/cassette/assemble.ts';
import type { Interaction, StoredBody } from '../../src/exchange/interaction.ts';
import { sample } from './samples.ts';

/** A sample whose bodies are still to come. */
const frame = (kind: Interaction['kind'] = 'http'): Interaction => {
  const { response, ...rest } = sample(0);
  const { body: _, ...head } = response ?? {
    status: 200,
    statusText: '',
    httpVersion: '',
    headers: [],
  };
  return { ...rest, kind, response: head };
};

const said = (from: Said['from'], text: string, atMs = 1): Said => {
  const bytes = Buffer.from(text);
  return { from, atMs, kind: 'data', bytes, length: bytes.length };
};

/** What was said when its side was written to a file already. */
const elsewhere = (from: Said['from'], length: number, atMs = 1): Said => {
  return { from, atMs, kind: 'data', bytes: Buffer.alloc(0), length };
};

const stored = (bytes: number): StoredBody => ({
  sha256: 'a'.repeat(64),
  bytes,
  read: () => {
    throw new Error('not read');
  },
});

describe('what has ended', () => {
  test('has no pieces where it is said at its end that there are none', () => {
    const one = frame();
    const response = { status: 200, statusText: '', httpVersion: '', headers: [], chunks: [] };
    const pieces = [said('server', 'a'), said('server', 'b', 2)];
    const whole = assemble({ ...one, response }, pieces).response;
    expect(whole?.body?.toString()).toBe('ab');
    expect(whole).not.toHaveProperty('chunks');
  });

  test('has its bodies from the pieces of each side, and the places of those of the response', () => {
    const pieces = [said('client', 'a'), said('server', 'b', 2), said('server', 'cd', 3)];
    const one = assemble(frame(), pieces);
    expect(one.request.body?.toString()).toBe('a');
    expect(one.response?.body?.toString()).toBe('bcd');
    expect(one.response?.chunks).toEqual([
      { atMs: 2, bytes: 1 },
      { atMs: 3, bytes: 2 },
    ]);
  });

  test('has a single piece as a body without places', () => {
    expect(assemble(frame(), [said('server', 'b')]).response).not.toHaveProperty('chunks');
  });

  test('has no body where nothing was said, nor a response where none came', () => {
    const { response: _, ...unanswered } = frame();
    const one = assemble(unanswered, [{ ...said('client', ''), kind: 'end' }]);
    expect(one).toEqual(unanswered);
  });

  test('keeps a body that its frame has', () => {
    const one = assemble(sample(0), [said('server', 'other')]);
    expect(one.response?.body?.toString()).toBe('answer 0');
  });

  test('has messages where it is no exchange of bodies, unless its frame has some', () => {
    const messages = [{ from: 'client', atMs: 1, kind: 'data', bytes: Buffer.from('a') }] as const;
    expect(assemble(frame('stream'), [said('client', 'a')]).messages).toEqual(messages);
    expect(assemble({ ...frame('grpc'), messages }, [said('server', 'b')]).messages).toBe(messages);
  });

  test('has a body that is in a file, with the places of its pieces', () => {
    const pieces = [said('server', 'ab'), elsewhere('server', 98)];
    const { response } = assemble(frame(), pieces, { server: stored(100) });
    expect(response?.stored?.bytes).toBe(100);
    expect(response).not.toHaveProperty('body');
    expect(response?.chunks?.map(({ bytes }) => bytes)).toEqual([2, 98]);
  });
});

describe('what nobody ended', () => {
  test('ends when the last was said', () => {
    const { timing } = assembleKilled(frame(), [said('server', 'a', 70)], {});
    expect(timing).toEqual({ headMs: 1, endMs: 70 });
  });

  test('may have had more of a request, unless that was said to be over', () => {
    const asked = said('client', 'a');
    const over = { ...said('client', ''), kind: 'end' } as const;
    expect(assembleKilled(frame(), [asked], {}).request.partial).toBe(true);
    expect(assembleKilled(frame(), [asked, over], {}).request).not.toHaveProperty('partial');
    expect(assembleKilled(frame(), [said('server', 'a')], {}).request).not.toHaveProperty(
      'partial',
    );
    expect(assembleKilled(frame('stream'), [asked], {}).request).not.toHaveProperty('partial');
  });

  test('has of a body in a file what got there, and its pieces up to that', () => {
    const pieces = [said('server', 'ab'), elsewhere('server', 10), elsewhere('server', 10)];
    const { response } = assembleKilled(frame(), pieces, { server: stored(7) });
    expect(response?.stored?.bytes).toBe(7);
    expect(response?.chunks?.map(({ bytes }) => bytes)).toEqual([2, 5]);
  });

  test('has what stands in the log where less than that got into the file', () => {
    const pieces = [said('server', 'abc'), elsewhere('server', 10)];
    const { response } = assembleKilled(frame(), pieces, { server: stored(2) });
    expect(response?.body?.toString()).toBe('abc');
    expect(response?.chunks).toEqual([{ atMs: 1, bytes: 3 }]);
  });
});
