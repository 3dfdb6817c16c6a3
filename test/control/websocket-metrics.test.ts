import { expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { countWebSockets } from '../../src/control/websocket-metrics.ts';
import { createJournal } from '../../src/journal/journal.ts';

test('WebSockets that are open, what is said in them, and what was not as recorded', async () => {
  const registry = new Registry();
  const journal = createJournal();
  const metrics = countWebSockets(registry, journal);
  for (const change of [1, 1, 1, -1] as const) journal.webSocket(change);
  journal.message('client', 'text');
  journal.message('server', 'ping');
  journal.message('server', 'binary');
  metrics.onFailure('SEQUENCE_MISMATCH');
  metrics.onFailure('NO_MATCHING_INTERACTION');
  const lines = async (): Promise<readonly string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('magneto_'));
  const expected = [
    'magneto_open_websockets 2',
    'magneto_websocket_messages_total{direction="in"} 1',
    'magneto_websocket_messages_total{direction="out"} 2',
    'magneto_sequence_mismatches_total 1',
  ];
  expect(await lines()).toEqual(expected);
  metrics.stop();
  journal.message('client', 'text');
  expect(await lines()).toEqual(expected);
});
