import { describe, expect, test } from '@jest/globals';
import type { Interaction, RecordedMessage } from '../../src/exchange/interaction.ts';
import type { Patience } from '../../src/replay/peers.ts';
import { createPeers } from '../../src/replay/peers.ts';
import { interaction } from '../mode/harness.ts';

function session(
  ...messages: readonly [from: 'C' | 'S', atMs: number, text: string][]
): Interaction {
  return interaction({
    kind: 'websocket',
    messages: messages.map(([from, atMs, text]): RecordedMessage => {
      const side = from === 'C' ? 'client' : 'server';
      return { from: side, atMs, kind: 'text', bytes: Buffer.from(text) };
    }),
  });
}

const hears = session(['S', 110, 'hello']);
const says = session(['C', 50, 'one'], ['C', 100, 'hello']);
const patient: Patience = { presentMs: 20_000, absentMs: 20_000 };
const hasty: Patience = { presentMs: 30, absentMs: 30 };

function peersOf(patience: Patience, ...interactions: readonly Interaction[]) {
  return createPeers(interactions, () => true, patience);
}

const signal = new AbortController().signal;

/** Whether something waited for has come by now. */
async function cameOf(waiting: Promise<void> | undefined): Promise<() => boolean> {
  let came = false;
  void waiting?.then(() => (came = true));
  await new Promise((resolve) => setTimeout(resolve, 10));
  return () => came;
}
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

test('a message waits for what another client says, once it has come', async () => {
  const peers = peersOf(patient, hears, says);
  const came = await cameOf(peers.enter(0).turnOf(0, signal));
  const other = peers.enter(1);
  other.heard(0);
  await turn();
  expect(came()).toBe(false);
  other.heard(1);
  await turn();
  expect(came()).toBe(true);
});

test('what has happened already is not waited for, nor is anything else', async () => {
  const peers = peersOf(patient, hears, says);
  peers.enter(1).heard(1);
  await peers.enter(0).turnOf(0, signal);
  expect(peers.enter(1).turnOf(0, signal)).toBeUndefined();
});

test('who has left says it no more', async () => {
  const peers = peersOf(patient, hears, says);
  const other = peers.enter(1);
  const came = await cameOf(peers.enter(0).turnOf(0, signal));
  other.leave();
  await turn();
  expect(came()).toBe(true);
});

test('a request counts when it is answered', async () => {
  const posted = interaction({
    startedAt: '2026-01-01T00:00:00.100Z',
    request: { method: 'POST', body: Buffer.from('hello') },
  });
  const peers = peersOf(patient, hears, posted);
  const came = await cameOf(peers.enter(0).turnOf(0, signal));
  expect(came()).toBe(false);
  peers.served(1);
  await turn();
  expect(came()).toBe(true);
});

describe('nobody waits for ever', () => {
  test('who never comes is waited for once a session', async () => {
    const long = session(['S', 110, 'hello'], ['S', 2110, 'hello']);
    const twice = session(['C', 100, 'hello'], ['C', 2100, 'hello']);
    const peers = peersOf({ presentMs: 20_000, absentMs: 30 }, long, twice);
    const peer = peers.enter(0);
    await peer.turnOf(0, signal);
    const startedAt = performance.now();
    await peer.turnOf(1, signal);
    expect(performance.now() - startedAt).toBeLessThan(25);
  });

  test('who is there and says nothing is waited for so long', async () => {
    const peers = peersOf(hasty, hears, says);
    peers.enter(1);
    await peers.enter(0).turnOf(0, signal);
  });

  test('a client that leaves ends the wait', async () => {
    const peers = peersOf(patient, hears, says);
    const leaves = new AbortController();
    const waiting = peers.enter(0).turnOf(0, leaves.signal);
    leaves.abort();
    await waiting;
    await peers.enter(0).turnOf(0, leaves.signal);
  });

  test('of two that wait for each other the second goes on', async () => {
    const one = session(['S', 100, 'hello'], ['C', 101, 'seen hello']);
    const two = session(['S', 101, 'hello'], ['C', 100, 'seen hello']);
    const peers = peersOf(patient, one, two);
    const [first, second] = [peers.enter(0), peers.enter(1)];
    const came = await cameOf(first.turnOf(0, signal));
    expect(came()).toBe(false);
    await second.turnOf(0, signal);
    second.heard(0);
    await turn();
    expect(came()).toBe(true);
  });
});

test('the second playing waits for the second of the other', async () => {
  const peers = peersOf(patient, hears, says);
  peers.enter(1).heard(1);
  await peers.enter(0).turnOf(0, signal);
  const came = await cameOf(peers.enter(0).turnOf(0, signal));
  expect(came()).toBe(false);
  peers.enter(1).heard(1);
  await turn();
  expect(came()).toBe(true);
});
