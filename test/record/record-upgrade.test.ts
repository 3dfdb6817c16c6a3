import { expect, test } from '@jest/globals';
import { finished } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import { record } from '../../src/record/record.ts';
import {
  answer,
  ask,
  memoryLog,
  part,
  parts,
  read,
  settling,
  until,
  upstreamOf,
} from '../mode/harness.ts';

const head = { status: 101, statusText: 'Switching', httpVersion: '1.1', headers: [] };

async function recorded(bodyBytesMax: number) {
  const log = memoryLog({ bodyBytesMax });
  async function* echo(exchange: Exchange) {
    yield* parts('hi ');
    if (exchange.kind === 'http' && exchange.upgraded) yield* exchange.upgraded;
  }
  const network = upstreamOf((exchange) =>
    answer({ head, framing: 'raw', ...settling(echo(exchange), finished) }),
  );
  const { exchange } = ask({ method: 'POST', body: Buffer.from('what') });
  const given = await record(network, log.options).open({ ...exchange, upgraded: parts('a', 'b') });
  expect(await read(given.body)).toBe('hi ab');
  expect(await given.ending).toEqual(finished);
  expect(given.outcome).toBe('recorded');
  return log;
}

test('an upgrade is written at its end: its request, its 101, and the bytes of both sides in order', async () => {
  const { written } = await recorded(100);
  expect(written).toMatchObject([
    {
      kind: 'http',
      request: { method: 'POST', body: Buffer.from('what') },
      response: head,
      ending: finished,
    },
  ]);
  const said = written[0]?.messages?.map(
    ({ from, kind, bytes }) => `${from} ${kind} ${bytes.toString()}`,
  );
  expect(said).toEqual([
    'server data hi ',
    'client data a',
    'server data a',
    'client data b',
    'server data b',
  ]);
});

test('what is more than a body may be passes, and the recording says that it is not whole', async () => {
  const { written, unrecorded } = await recorded(4);
  expect(written[0]?.messages).toHaveLength(2);
  expect(written[0]?.truncated).toBe('size');
  expect(unrecorded).toMatchObject([{ code: 'BODY_TOO_LARGE' }]);
});

test('after its time an upgrade goes on, and what was said until then is written at once', async () => {
  const log = memoryLog({ streamMsMax: 40 });
  const gate = Promise.withResolvers<void>();
  async function* slow() {
    yield part('early ');
    await gate.promise;
    yield part('late');
  }
  const network = upstreamOf(() => answer({ head, framing: 'raw', ...settling(slow(), finished) }));
  const { exchange } = ask({ method: 'POST' });
  const given = await record(network, log.options).open({ ...exchange, upgraded: parts() });
  const reading = read(given.body);
  await until(() => log.written.length > 0, 'the end of its time');
  gate.resolve();
  expect(await reading).toBe('early late');
  expect(await given.ending).toEqual(finished);
  expect(given).toMatchObject({ outcome: 'recorded', truncated: 'time' });
  expect(log.written).toMatchObject([
    {
      response: head,
      messages: [{ bytes: Buffer.from('early ') }],
      truncated: 'time',
      ending: { type: 'cut', by: 'server' },
    },
  ]);
  expect(log.unrecorded).toMatchObject([{ code: 'STREAM_TOO_LONG' }]);
});
