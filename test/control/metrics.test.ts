import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createMetrics } from '../../src/control/metrics.ts';
import type { Metrics } from '../../src/control/metrics.ts';
import { createJournal } from '../../src/journal/journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { journalEntry } from '../journal/entry.ts';

describe('the metrics', () => {
  let journal: Journal;
  let metrics: Metrics;

  beforeEach(() => {
    journal = createJournal();
    metrics = createMetrics({ journal });
  });

  afterEach(() => metrics.close());

  async function lines(start: string): Promise<readonly string[]> {
    const text = await metrics.text();
    return text.split('\n').filter((line) => line.startsWith(start));
  }

  test('count exchanges by mode, outcome, protocol, method, status class and host', async () => {
    journal.append(journalEntry({ status: 404 }));
    journal.append(journalEntry({ status: 404 }));
    expect(await lines('magneto_exchanges_total{')).toEqual([
      'magneto_exchanges_total{mode="replay",outcome="replayed",protocol="http",method="GET",status_class="4xx",host="example.org"} 2',
    ]);
  });

  test('count clients that refuse the certificate, of so many hosts', async () => {
    metrics.onClientRefusal('a.test:443', 'Go');
    metrics.onClientRefusal('a.test:443', 'Go');
    for (let count = 0; count < 60; count++) metrics.onClientRefusal(`${count}.test:443`, 'Node');
    const counted = await lines('magneto_client_refusals_total{');
    expect(counted).toContain('magneto_client_refusals_total{host="a.test:443",runtime="Go"} 2');
    expect(counted).toContain('magneto_client_refusals_total{host="other",runtime="Node"} 11');
  });

  test('count the exchanges of each session, where there are several', async () => {
    journal.append(journalEntry({}));
    expect(await lines('magneto_session_exchanges_total{')).toEqual([]);
    journal.append(journalEntry({ session: 'web' }));
    journal.append(journalEntry({ session: 'web', outcome: 'missed' }));
    expect(await lines('magneto_session_exchanges_total{')).toEqual([
      'magneto_session_exchanges_total{session="web",outcome="replayed"} 1',
      'magneto_session_exchanges_total{session="web",outcome="missed"} 1',
    ]);
  });

  test('have a label for what an exchange does not have', async () => {
    const { method: _method, status: _status, ...stream } = journalEntry({ kind: 'stream' });
    journal.append(stream);
    expect(await lines('magneto_exchanges_total{')).toEqual([
      expect.stringContaining('method="none",status_class="none"'),
    ]);
  });

  test('have at most 51 hosts, and no invented method', async () => {
    for (let host = 0; host < 80; host += 1) {
      journal.append(journalEntry({ host: `h${host}.example`, method: 'GET' }));
    }
    journal.append(journalEntry({ host: 'h0.example', method: 'BREW' }));
    const found = await lines('magneto_exchanges_total{');
    expect(found).toHaveLength(52);
    expect(found).toContainEqual(expect.stringMatching(/method="GET".*host="other"} 30$/));
    expect(found).toContainEqual(expect.stringMatching(/method="other".*host="h0.example"} 1$/));
  });

  test('sum durations and bytes', async () => {
    journal.append(journalEntry({ ms: 1500, bytesIn: 10, bytesOut: 20 }));
    journal.append(journalEntry({ ms: 500, bytesIn: 1, bytesOut: 2 }));
    const sum = await lines('magneto_exchange_duration_seconds_sum');
    expect(sum).toEqual([expect.stringMatching(/ 2$/)]);
    expect(await lines('magneto_bytes_total{')).toEqual([
      'magneto_bytes_total{direction="in"} 11',
      'magneto_bytes_total{direction="out"} 22',
    ]);
  });

  test('ask for the open sockets when they are asked', async () => {
    expect(await lines('magneto_open_sockets ')).toEqual(['magneto_open_sockets 0']);
    let sockets = 3;
    metrics.watchSockets(() => sockets);
    expect(await lines('magneto_open_sockets ')).toEqual(['magneto_open_sockets 3']);
    sockets = 1;
    expect(await lines('magneto_open_sockets ')).toEqual(['magneto_open_sockets 1']);
  });

  test('count WebSocket messages by direction', async () => {
    journal.message('client', 'text');
    journal.message('server', 'text');
    journal.message('server', 'ping');
    expect(await lines('magneto_websocket_messages_total{')).toEqual([
      'magneto_websocket_messages_total{direction="in"} 1',
      'magneto_websocket_messages_total{direction="out"} 2',
    ]);
  });

  test('tell writes from failed writes', async () => {
    metrics.onWrite(0.4, false);
    metrics.onWrite(3, true);
    expect(await lines('magneto_wal_write_seconds_count')).toEqual([
      'magneto_wal_write_seconds_count 2',
    ]);
    expect(await lines('magneto_wal_failures_total ')).toEqual(['magneto_wal_failures_total 1']);
  });

  test('keep our own errors apart from how servers end things', async () => {
    journal.append(journalEntry({ outcome: 'failed', failure: 'DIAL_FAILED' }));
    journal.append(
      journalEntry({ outcome: 'failed', failure: 'UPSTREAM_REFUSED', ending: 'refused' }),
    );
    journal.append(journalEntry({ outcome: 'replayed', ending: 'reset' }));
    journal.append(journalEntry({ outcome: 'missed', failure: 'NO_MATCHING_INTERACTION' }));
    expect(await lines('magneto_own_errors_total{')).toEqual([
      'magneto_own_errors_total{code="DIAL_FAILED"} 1',
    ]);
    expect(await lines('magneto_recorded_endings_total{')).toEqual([
      'magneto_recorded_endings_total{ending="refused"} 1',
      'magneto_recorded_endings_total{ending="reset"} 1',
    ]);
  });

  test('count what could not be recorded or read once, and misses not as errors', async () => {
    for (const failure of ['RECORDING_FAILED', 'CASSETTE_BODY_MISSING'] as const) {
      metrics.onOwnError(failure);
      journal.append(journalEntry({ outcome: 'failed', failure }));
    }
    metrics.onOwnError('SEQUENCE_MISMATCH');
    expect(await lines('magneto_own_errors_total{')).toEqual([
      'magneto_own_errors_total{code="RECORDING_FAILED"} 1',
      'magneto_own_errors_total{code="CASSETTE_BODY_MISSING"} 1',
    ]);
  });

  test('see a blocked event loop', async () => {
    await sleep(50);
    const until = performance.now() + 120;
    while (performance.now() < until);
    await sleep(50);
    const [line] = await lines('magneto_event_loop_delay_seconds{quantile="1"}');
    expect(Number(line?.split(' ')[1])).toBeGreaterThan(0.08);
  });

  test('stop counting when closed', async () => {
    metrics.close();
    journal.append(journalEntry({}));
    journal.message('client', 'text');
    expect(await lines('magneto_exchanges_total{')).toEqual([]);
  });
});
