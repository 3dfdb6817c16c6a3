import { expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from '../../src/exchange/failure.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { breaker } from '../../src/mode/breaker.ts';
import { answer, ask, destination, lost, upstreamOf } from './harness.ts';

function circuit(answers: () => Answer, openMs = 60_000) {
  const told: Failure[] = [];
  const network = upstreamOf(answers);
  const upstream = breaker(network, {
    failures: 3,
    openMs,
    onOpen: (failure) => told.push(failure),
  });
  const open = (): Promise<Answer> => upstream.open(ask().exchange);
  return { network, upstream, open, told };
}

test('after so many failures in a row the network is not asked, and the client is told whose doing that is', async () => {
  const { network, upstream, open, told } = circuit(() => lost({ type: 'refused' }));
  for (const _ of [1, 2, 3]) expect((await open()).failure).toBeUndefined();
  const fourth = await open();
  expect(fourth.failure?.code).toBe('BREAKER_OPEN');
  expect(fourth.failure?.message).toContain('magneto leaves far.test:80 alone');
  expect(network.asked).toHaveLength(3);
  expect(told).toHaveLength(1);
  expect(await upstream.offer(destination)).toEqual({ type: 'unknown' });
  const other = ask({ destination: { ...destination, host: 'near.test' } });
  expect((await upstream.open(other.exchange)).failure).toBeUndefined();
});

test('a head is a sign of life, an error status too; a client that leaves says nothing of the server', async () => {
  const script: Answer[] = [];
  const { open } = circuit(() => script.shift() ?? answer());
  const refused = lost({ type: 'refused' });
  const gone = lost({ type: 'cut', by: 'client' });
  script.push(refused, refused, gone, gone, answer(), refused, refused);
  for (let one = 0; one < 7; one += 1) expect((await open()).failure).toBeUndefined();
});

test('when its time is over one tries, and success closes it', async () => {
  let works = false;
  const { network, open } = circuit(() => (works ? answer() : lost({ type: 'timedOut' })), 50);
  for (const _ of [1, 2, 3]) await open();
  await sleep(70);
  works = true;
  const [trial, beside] = await Promise.all([open(), open()]);
  expect(trial?.failure).toBeUndefined();
  expect(beside?.failure?.code).toBe('BREAKER_OPEN');
  expect((await open()).failure).toBeUndefined();
  expect(network.asked).toHaveLength(5);
});
