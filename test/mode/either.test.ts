import { expect, test } from '@jest/globals';
import type { Parts } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import { Failure } from '../../src/exchange/failure.ts';
import type { FailureCode } from '../../src/exchange/failure.ts';
import type { Answer, Offer } from '../../src/exchange/upstream.ts';
import { either } from '../../src/mode/either.ts';
import { isRereadable } from '../../src/support/rereadable.ts';
import { answer, ask, askStream, destination, parts, read, upstreamOf } from './harness.ts';

function missed(code: FailureCode): Answer {
  const failure = new Failure(code, 'nothing');
  return { body: undefined, ending: { type: 'cut', by: 'server' }, outcome: 'missed', failure };
}

async function readAhead(exchange: Exchange, limit: number): Promise<void> {
  const { body } = exchange;
  if (body === undefined || Buffer.isBuffer(body) || !isRereadable(body))
    throw new Error('not shared');
  await body.readAhead(limit);
}

test('the second is asked only where the first had nothing', async () => {
  const second = upstreamOf(() => answer({ interaction: 'second' }));
  const open = async (first: Answer, exchange: Exchange = ask().exchange) =>
    (
      await either(
        upstreamOf(() => first),
        second,
      ).open(exchange)
    ).interaction;
  expect(await open(missed('NO_MATCHING_INTERACTION'))).toBe('second');
  expect(await open(missed('UNRECORDED_STREAM'), askStream())).toBe('second');
  expect(await open(missed('PASSTHROUGH_UNRECORDED'), askStream())).toBe('second');
  expect(await open(missed('RECORDING_FAILED'))).toBeUndefined();
  expect(await open(answer({ interaction: 'first' }))).toBe('first');
  expect(second.asked).toHaveLength(3);
});

test.each([0, 2, 3, 100])(
  'what the first read of a body (%i bytes), the second reads again',
  async (limit) => {
    const first = upstreamOf(async (exchange) => {
      await readAhead(exchange, limit);
      return missed('NO_MATCHING_INTERACTION');
    });
    const second = upstreamOf(async (exchange) =>
      answer({ body: Buffer.from(await read(exchange.body)) }),
    );
    const given = await either(first, second).open(ask({ body: parts('ab', 'c', 'def') }).exchange);
    expect(await read(given.body)).toBe('abcdef');
  },
);

test('a body that was read in part is let go of once there is an answer', async () => {
  let over = false;
  async function* body(): Parts {
    try {
      yield* parts('a', 'b', 'c');
    } finally {
      over = true;
    }
  }
  const first = upstreamOf(async (exchange) => {
    await readAhead(exchange, 0);
    return answer();
  });
  await either(
    first,
    upstreamOf(() => answer()),
  ).open(ask({ body: body() }).exchange);
  expect(over).toBe(true);
});

test('a WebSocket’s answer reads on', async () => {
  const first = upstreamOf((exchange) => answer({ body: replies(exchange) }));
  async function* replies(exchange: Exchange): Parts {
    yield* parts(await read(exchange.body));
  }
  const { exchange } = ask({ kind: 'websocket', body: parts('a', 'b') });
  const given = await either(
    first,
    upstreamOf(() => answer()),
  ).open(exchange);
  expect(await read(given.body)).toBe('ab');
});

test('bodies that are whole in memory stay as they are', async () => {
  const upstream = upstreamOf(() => answer());
  const body = Buffer.from('a');
  await either(upstream, upstream).open(ask({ body }).exchange);
  const [seen] = upstream.asked;
  expect(seen?.body).toBe(body);
});

test('an offer falls through only where the first has never heard of it', async () => {
  const terms: Offer = { type: 'terms', alpn: 'h2' };
  const ended: Offer = { type: 'ended', ending: { type: 'refused' } };
  const offering = (offer: Offer) =>
    upstreamOf(
      () => answer(),
      () => Promise.resolve(offer),
    );
  const offer = (first: Offer) => either(offering(first), offering(terms)).offer(destination);
  expect(await offer({ type: 'unknown' })).toEqual(terms);
  expect(await offer(ended)).toEqual(ended);
});
