import { describe, expect, test } from '@jest/globals';
import type { Ending, Part, Parts } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { record } from '../../src/record/record.ts';
import {
  answer,
  ask,
  memoryLog,
  parts,
  read,
  settling,
  until,
  upstreamOf,
} from '../mode/harness.ts';

const five = [['Content-Length', '5']] as const;
const chunked = [['Transfer-Encoding', 'chunked']] as const;

/** A log whose append waits for the test. */
function slowLog(): ReturnType<typeof memoryLog> & { readonly done: () => void; waiting: boolean } {
  const gate = Promise.withResolvers<void>();
  const log = memoryLog({
    append: async (interaction) => {
      slow.waiting = true;
      await gate.promise;
      slow.written.push(interaction);
    },
  });
  const slow = { ...log, done: gate.resolve, waiting: false };
  return slow;
}

function iteratorOf(given: Answer): AsyncIterator<Part> {
  if (given.body === undefined || Buffer.isBuffer(given.body)) throw new Error('not in parts');
  return given.body[Symbol.asyncIterator]();
}

/** Whether a promise is still open after everything that could settle it by itself. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  let open = true;
  void promise.then(() => {
    open = false;
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  return open;
}

describe('the end waits for the log', () => {
  test('with a length: the part that completes it', async () => {
    const log = slowLog();
    const network = upstreamOf(() =>
      answer({ headers: five, ...settling(parts('ab', 'cde'), finished) }),
    );
    const given = await record(network, log.options).open(ask().exchange);
    const iterator = iteratorOf(given);
    expect((await iterator.next()).value).toMatchObject({ bytes: Buffer.from('ab') });
    const last = iterator.next();
    expect(await isOpen(last)).toBe(true);
    expect(log.waiting).toBe(true);
    log.done();
    expect((await last).value).toMatchObject({ bytes: Buffer.from('cde') });
    expect((await iterator.next()).done).toBe(true);
    expect(log.written[0]?.response?.body).toEqual(Buffer.from('abcde'));
    expect(await given.ending).toEqual(finished);
  });

  test('without one: the ending', async () => {
    const log = slowLog();
    const network = upstreamOf(() =>
      answer({ headers: chunked, ...settling(parts('ab'), finished) }),
    );
    const given = await record(network, log.options).open(ask().exchange);
    const iterator = iteratorOf(given);
    await iterator.next();
    const end = iterator.next();
    expect(await isOpen(end)).toBe(true);
    expect(await isOpen(Promise.resolve(given.ending))).toBe(true);
    log.done();
    expect((await end).done).toBe(true);
    expect(await given.ending).toEqual(finished);
  });

  test.each([[undefined], [Buffer.from('whole')]])('the head of a body %p', async (body) => {
    const log = slowLog();
    const opening = record(
      upstreamOf(() => answer({ body })),
      log.options,
    ).open(ask().exchange);
    expect(await isOpen(opening)).toBe(true);
    log.done();
    expect(await opening).toMatchObject({ outcome: 'recorded' });
  });

  test('parts before the end do not', async () => {
    const log = slowLog();
    async function* endless(): Parts {
      yield* parts('a', 'b');
      await new Promise(() => {});
    }
    const network = upstreamOf(() =>
      answer({ headers: chunked, body: endless(), ending: finished }),
    );
    const iterator = iteratorOf(await record(network, log.options).open(ask().exchange));
    expect((await iterator.next()).value).toMatchObject({ bytes: Buffer.from('a') });
    expect((await iterator.next()).value).toMatchObject({ bytes: Buffer.from('b') });
  });
});

describe('an ending is recorded as that', () => {
  test.each<[Ending]>([
    [{ type: 'finished', trailers: [['a', 'b']] }],
    [{ type: 'reset', by: 'server' }],
    [{ type: 'cut', by: 'server' }],
    [{ type: 'timedOut' }],
  ])('%j', async (ending) => {
    const { options, written } = memoryLog();
    const network = upstreamOf(() =>
      answer({ headers: chunked, ...settling(parts('ab'), ending) }),
    );
    const given = await record(network, options).open(ask().exchange);
    expect(await read(given.body)).toBe('ab');
    expect(await given.ending).toEqual(ending);
    expect(written).toMatchObject([{ ending, response: { body: Buffer.from('ab') } }]);
  });

  test('a client that leaves midway: cut by it, with the body so far, and no more is asked for', async () => {
    const { options, written } = memoryLog();
    const network = upstreamOf(() =>
      answer({ headers: chunked, ...settling(parts('ab', 'cd', 'ef'), finished) }),
    );
    const given = await record(network, options).open(ask().exchange);
    const iterator = iteratorOf(given);
    await iterator.next();
    await iterator.next();
    await iterator.return?.();
    expect(written).toMatchObject([
      { ending: { type: 'cut', by: 'client' }, response: { body: Buffer.from('abcd') } },
    ]);
    expect(given.outcome).toBe('recorded');
  });

  test('a server that says more than it announced loses nothing', async () => {
    const { options, written } = memoryLog();
    const network = upstreamOf(() =>
      answer({ headers: five, ...settling(parts('abcde', 'f'), finished) }),
    );
    const given = await record(network, options).open(ask().exchange);
    expect(await read(given.body)).toBe('abcdef');
    expect(written[0]?.response?.body).toEqual(Buffer.from('abcdef'));
  });
});

describe('what cannot be written', () => {
  const append = (): Promise<void> => Promise.reject(new Error('ENOSPC'));

  test.each<[undefined | Buffer | (() => Parts), Headers]>([
    [undefined, []],
    [Buffer.from('x'), []],
    [() => parts('abcde'), five],
    [() => parts('abcde'), chunked],
  ])('passes, and is told of (body %p)', async (body, headers) => {
    const { options, unrecorded } = memoryLog({ append });
    const network = upstreamOf(() =>
      answer({ headers, ...(typeof body === 'function' ? settling(body(), finished) : { body }) }),
    );
    const given = await record(network, options).open(ask().exchange);
    if (typeof body === 'function') expect(await read(given.body)).toBe('abcde');
    expect(await given.ending).toEqual(finished);
    expect(given.outcome).toBe('forwarded');
    expect(given.failure).toBeUndefined();
    expect(unrecorded).toMatchObject([{ code: 'RECORDING_FAILED', message: 'ENOSPC' }]);
  });

  test.each([[undefined], [Buffer.from('x')]])(
    'is refused under fsync always (body %p)',
    async (body) => {
      const { options } = memoryLog({ append, cutUnwritten: true });
      const given = await record(
        upstreamOf(() => answer({ body })),
        options,
      ).open(ask().exchange);
      expect(given).toMatchObject({ outcome: 'failed', failure: { code: 'RECORDING_FAILED' } });
    },
  );

  test.each([
    [five, 'ab'],
    [chunked, 'abcde'],
  ])('is cut under fsync always (%j)', async (headers, heard) => {
    const { options } = memoryLog({ append, cutUnwritten: true });
    const network = upstreamOf(() =>
      answer({ headers, ...settling(parts('ab', 'cde'), finished) }),
    );
    const given = await record(network, options).open(ask().exchange);
    expect(await read(given.body)).toBe(heard);
    expect(await given.ending).toEqual({ type: 'cut', by: 'server' });
    expect(given.outcome).toBe('failed');
  });

  test.each([
    ['in memory', () => ({ body: Buffer.from('abcdef') })],
    ['in parts', () => settling(parts('abc', 'def'), finished)],
  ])('a body over the limit passes, is recorded up to it, and told of (%s)', async (_how, made) => {
    const { options, written, unrecorded } = memoryLog({ bodyBytesMax: 5 });
    const given = await record(
      upstreamOf(() => answer({ headers: chunked, ...made() })),
      options,
    ).open(ask().exchange);
    expect(await read(given.body)).toBe('abcdef');
    expect(await given.ending).toEqual(finished);
    expect(given).toMatchObject({ outcome: 'recorded', truncated: 'size' });
    expect(written).toMatchObject([
      {
        truncated: 'size',
        ending: { type: 'cut', by: 'server' },
        response: { body: Buffer.from('abcde') },
      },
    ]);
    expect(unrecorded).toMatchObject([{ code: 'BODY_TOO_LARGE' }]);
    expect(unrecorded[0]?.message).toContain('far.test');
  });
});

test('a body that dies at its n-th part is recorded once, whatever n is', async () => {
  const texts = ['a', 'b', 'c', 'd'];
  for (let dies = 0; dies <= texts.length; dies += 1) {
    const { options, written } = memoryLog();
    const whole = dies === texts.length;
    const ending: Ending = whole ? finished : { type: 'reset', by: 'server' };
    const network = upstreamOf(() =>
      answer({
        headers: [['Content-Length', '4']],
        ...settling(parts(...texts.slice(0, dies)), ending),
      }),
    );
    const given = await record(network, options).open(ask().exchange);
    expect(await read(given.body)).toBe(texts.slice(0, dies).join(''));
    expect(await given.ending).toEqual(ending);
    expect(written).toHaveLength(1);
    expect(written[0]?.ending).toEqual(ending);
  }
});

test('an answer that nobody reads at first can be read later', async () => {
  const { options, written } = memoryLog();
  const network = upstreamOf(() => answer({ headers: chunked, ...settling(parts('a'), finished) }));
  const given = await record(network, options).open(ask().exchange);
  await read(given.body);
  await until(() => written.length === 1, 'the log');
});
