import { describe, expect, test } from '@jest/globals';
import { createRecording } from '../../src/cassette/recording.ts';
import { bodyDigest } from '../../src/cassette/cassette.ts';
import type { Entry } from '../../src/cassette/cassette.ts';
import type { Part } from '../../src/exchange/conversation.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { RecordedRequest } from '../../src/exchange/interaction.ts';
import { rereadBytesMax, requestDigest, withBody } from '../../src/replay/request-digest.ts';
import { rereadable } from '../../src/support/rereadable.ts';
import { ask, interaction, part, parts } from '../mode/harness.ts';

const bodyBytesMax = 1000;

/** Recorded POSTs, as a recording indexes them. */
function entries(...requests: readonly Partial<RecordedRequest>[]): readonly Entry[] {
  const interactions = requests.map((request, sequence) =>
    interaction({ sequence, request: { method: 'POST', ...request } }),
  );
  const recording = createRecording({
    name: 'c',
    file: 'c',
    digest: '',
    unfinished: false,
    interactions,
  });
  return recording.find(ask({ method: 'POST' }).exchange)?.entries ?? [];
}

const text = (body: string): Partial<RecordedRequest> => ({ body: Buffer.from(body) });

async function found(recorded: readonly Entry[], asked: Parameters<typeof ask>[0]) {
  const { exchange } = ask({ method: 'POST', ...asked });
  const digest = await requestDigest({ exchange, entries: recorded, bodyBytesMax });
  return withBody(recorded, digest).map(({ place }) => place);
}

test('the same bytes are found, however they come', async () => {
  const recorded = entries(text('abc'), text('abd'), text('abc'));
  expect(await found(recorded, { body: Buffer.from('abc') })).toEqual([0, 2]);
  expect(await found(recorded, { body: parts('a', 'bc') })).toEqual([0, 2]);
  expect(await found(recorded, { body: parts('a', 'bd') })).toEqual([1]);
  expect(await found(recorded, { body: parts('x') })).toEqual([]);
  expect(await found(entries({}), { body: parts() })).toEqual([0]);
});

test('a request that was recorded in part matches any body, and is not waited for', async () => {
  const never = async function* (): AsyncGenerator<Part> {
    yield part('a');
    await new Promise(() => {});
  };
  expect(await found(entries({ partial: true }), { body: never() })).toEqual([0]);
});

test('a body over the limit is not read on', async () => {
  let read = 0;
  const endless = async function* (): AsyncGenerator<Part> {
    for (;;) {
      read += 100;
      yield part('x'.repeat(100));
    }
  };
  expect(await found(entries(text('abc'), { partial: true }), { body: endless() })).toEqual([0, 1]);
  expect(read).toBe(1100);
});

test('a client that waits for 100 Continue is told it', async () => {
  const { exchange, informed } = ask({ headers: [['Expect', '100-continue']], body: parts('abc') });
  await requestDigest({ exchange, entries: entries(text('abc')), bodyBytesMax });
  expect(informed).toMatchObject([{ status: 100 }]);
});

describe('a body that is to be read again', () => {
  const piece = 'x'.repeat(1024 * 1024);
  const long = rereadBytesMax / piece.length + 2;
  const shared = () =>
    rereadable(parts(...Array.from({ length: long }, () => piece)), ({ bytes }) => bytes.length);

  test('is kept up to a limit, and then told by its length', async () => {
    const length = String(long * piece.length);
    const stored = { sha256: 'f', bytes: Number(length), read: () => parts2() };
    const recorded = entries(text('abc'), { stored }, { partial: true });
    const reading = shared();
    const headers: Headers = [['Content-Length', length]];
    expect(await found(recorded, { headers, body: reading })).toEqual([1, 2]);
    expect(reading.ahead.length).toBeLessThan(long);
  });

  test('and where it announces no length, by its head alone', async () => {
    expect(await found(entries(text('abc'), text('d')), { body: shared() })).toEqual([0, 1]);
  });

  test('is compared where it is short', async () => {
    const short = rereadable(parts('ab', 'c'), ({ bytes }) => bytes.length);
    expect(await found(entries(text('abc'), text('d')), { body: short })).toEqual([0]);
  });
});

async function* parts2(): AsyncGenerator<Buffer> {}

describe('multipart', () => {
  const form = (boundary: string, value: string): Partial<RecordedRequest> => ({
    headers: [['Content-Type', `multipart/form-data; boundary=${boundary}`]],
    body: Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n${value}\r\n--${boundary}--\r\n`,
    ),
  });

  test('is the same with another boundary, and another with another value', async () => {
    const recorded = entries(form('one', 'x'), form('two', 'y'));
    const asked = form('three-and-longer', 'y');
    expect(await found(recorded, { headers: asked.headers ?? [], body: asked.body })).toEqual([1]);
    const pieces = (asked.body?.toString() ?? '').split('');
    expect(await found(recorded, { headers: asked.headers ?? [], body: parts(...pieces) })).toEqual(
      [1],
    );
  });

  test('is found in files too, each read once', async () => {
    let reads = 0;
    const { headers = [], body = Buffer.alloc(0) } = form('one', 'x');
    const stored = {
      sha256: bodyDigest(body),
      bytes: body.length,
      async *read() {
        reads += 1;
        yield body;
      },
    };
    const recorded = entries({ headers, stored });
    for (const boundary of ['two', 'three']) {
      const asked = form(boundary, 'x');
      expect(await found(recorded, { headers: asked.headers ?? [], body: asked.body })).toEqual([
        0,
      ]);
    }
    expect(reads).toBe(1);
  });

  test('without a boundary is bytes', async () => {
    const headers: Headers = [['Content-Type', 'multipart/form-data']];
    expect(
      await found(entries({ headers, ...text('abc') }), { headers, body: Buffer.from('abc') }),
    ).toEqual([0]);
  });
});
