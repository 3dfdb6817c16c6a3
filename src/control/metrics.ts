import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { FailureCode } from '../exchange/failure.ts';
import type { Journal, JournalEntry } from '../journal/journal.ts';
import { countWebSockets } from './websocket-metrics.ts';

/** What Prometheus is told. */
export interface Metrics {
  /** How many sockets of clients are open, to be asked at each scrape; 0 until it is known. */
  readonly watchSockets: (openSockets: () => number) => void;
  /** A failure that stands in no journal entry. */
  readonly onOwnError: (code: FailureCode) => void;
  /** A client that probably runs on this refused the certificate for a host. */
  readonly onClientRefusal: (host: string, runtime: string) => void;
  /** A record was written to the write-ahead log, or could not be. */
  readonly onWrite: (ms: number, failed: boolean) => void;
  /** The text of `GET /metrics`. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
  /** Stops listening to the journal and watching the event loop. */
  readonly close: () => void;
}

/** Each label value is a time series for ever, so what clients choose freely is bounded. */
const hostsMax = 50;
const methodsKnown: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
]);

/** A miss is no error; it is counted as the outcome of its exchange. */
const misses: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'NO_MATCHING_INTERACTION',
  'SEQUENCE_MISMATCH',
  'UNRECORDED_STREAM',
  'PASSTHROUGH_UNRECORDED',
  'NAME_NOT_RECORDED',
]);

/** What could not be recorded, or read back, is told by whoever met it, whether the exchange failed over it or not. */
const toldWhereMet: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'RECORDING_FAILED',
  'BODY_TOO_LARGE',
  'STREAM_TOO_LONG',
  'CASSETTE_BODY_MISSING',
  'CASSETTE_CORRUPT',
]);

/** Metrics of a run, in a registry of their own. */
export function createMetrics({ journal }: { readonly journal: Journal }): Metrics {
  const registry = new Registry();
  const onOwnError = ownErrorCounter(registry);
  const stopExchanges = countExchanges(registry, journal, onOwnError);
  const webSockets = countWebSockets(registry, journal);
  const stopLoop = watchEventLoop(registry);
  return {
    watchSockets: socketGauge(registry),
    onOwnError: (code) => {
      webSockets.onFailure(code);
      onOwnError(code);
    },
    onClientRefusal: refusalCounter(registry),
    onWrite: writeObserver(registry),
    text: () => registry.metrics(),
    contentType: registry.contentType,
    close: () => {
      stopExchanges();
      webSockets.stop();
      stopLoop();
    },
  };
}

function countExchanges(
  registry: Registry,
  journal: Journal,
  onOwnError: Metrics['onOwnError'],
): () => void {
  const registers = [registry];
  const exchanges = new Counter({
    name: 'magneto_exchanges_total',
    help: 'Exchanges that have ended.',
    labelNames: ['mode', 'outcome', 'protocol', 'method', 'status_class', 'host'],
    registers,
  });
  const durations = new Histogram({
    name: 'magneto_exchange_duration_seconds',
    help: 'Time from the beginning of an exchange to its end.',
    labelNames: ['outcome', 'protocol'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    registers,
  });
  const bytes = new Counter({
    name: 'magneto_bytes_total',
    help: 'Bytes of bodies and streams: in, from clients; out, to clients.',
    labelNames: ['direction'],
    registers,
  });
  const endings = endingCounter(registry);
  const sessions = new Counter({
    name: 'magneto_session_exchanges_total',
    help: 'Exchanges that have ended, by cassette, where MAGNETO_CLIENTS names several.',
    labelNames: ['session', 'outcome'],
    registers,
  });
  const hostLabel = boundedLabel(hostsMax);
  return journal.subscribe((entry) => {
    const { mode, outcome, kind: protocol } = entry;
    const own = { method: methodLabel(entry.method), status_class: statusClass(entry.status) };
    exchanges.inc({ mode, outcome, protocol, ...own, host: hostLabel(entry.host) });
    if (entry.session !== undefined) sessions.inc({ session: entry.session, outcome });
    durations.observe({ outcome, protocol }, entry.ms / 1000);
    bytes.inc({ direction: 'in' }, entry.bytesIn);
    bytes.inc({ direction: 'out' }, entry.bytesOut);
    if (isOwn(entry)) {
      if (!toldWhereMet.has(entry.failure)) onOwnError(entry.failure);
    } else if (outcome !== 'missed') endings.inc({ ending: entry.ending });
  });
}

/** Apart from the endings, so that a server's reset, which is traffic, never looks like a fault of ours. */
function ownErrorCounter(registry: Registry): Metrics['onOwnError'] {
  const errors = new Counter({
    name: 'magneto_own_errors_total',
    help: 'What magneto itself could not do, by failure code.',
    labelNames: ['code'],
    registers: [registry],
  });
  return (code) => {
    if (!misses.has(code) && !isServers(code)) errors.inc({ code });
  };
}

function refusalCounter(registry: Registry): Metrics['onClientRefusal'] {
  const refusals = new Counter({
    name: 'magneto_client_refusals_total',
    help: 'TLS sessions that a client ended because it does not trust the certificate.',
    labelNames: ['host', 'runtime'],
    registers: [registry],
  });
  const hostLabel = boundedLabel(hostsMax);
  return (host, runtime) => refusals.inc({ host: hostLabel(host), runtime });
}

function endingCounter(registry: Registry): Counter<'ending'> {
  return new Counter({
    name: 'magneto_recorded_endings_total',
    help: 'How exchanges ended between client and server, live or as recorded.',
    labelNames: ['ending'],
    registers: [registry],
  });
}

/** What a server did, or did not, is traffic: it stands among the endings. */
function isServers(code: FailureCode): boolean {
  return code.startsWith('UPSTREAM_');
}

function isOwn(entry: JournalEntry): entry is JournalEntry & { readonly failure: FailureCode } {
  const { failure, outcome } = entry;
  return failure !== undefined && outcome === 'failed' && !isServers(failure);
}

function writeObserver(registry: Registry): Metrics['onWrite'] {
  const seconds = new Histogram({
    name: 'magneto_wal_write_seconds',
    help: 'Time that a write to the write-ahead log took, its fsync included where the policy has one.',
    buckets: [0.000_05, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1],
    registers: [registry],
  });
  const failures = new Counter({
    name: 'magneto_wal_failures_total',
    help: 'Writes to the write-ahead log that failed.',
    registers: [registry],
  });
  return (ms, failed) => {
    seconds.observe(ms / 1000);
    if (failed) failures.inc();
  };
}

function socketGauge(registry: Registry): Metrics['watchSockets'] {
  let count = (): number => 0;
  const gauge: Gauge = new Gauge({
    name: 'magneto_open_sockets',
    help: 'Sockets of clients that are open.',
    registers: [registry],
    collect: () => gauge.set(count()),
  });
  return (openSockets) => {
    count = openSockets;
  };
}

/** Since the last scrape: a lag of an hour ago explains nothing now. */
function watchEventLoop(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const gauge: Gauge<'quantile'> = new Gauge({
    name: 'magneto_event_loop_delay_seconds',
    help: 'Delay of the event loop since the last scrape.',
    labelNames: ['quantile'],
    registers: [registry],
    collect: () => {
      for (const quantile of [0.5, 0.9, 0.99, 1]) {
        gauge.set({ quantile: String(quantile) }, delay.percentile(quantile * 100) / 1e9);
      }
      delay.reset();
    },
  });
  return () => {
    delay.disable();
  };
}

/** The value itself for the first few distinct ones, then `other`. */
function boundedLabel(most: number): (value: string) => string {
  const seen = new Set<string>();
  return (value) => {
    if (seen.has(value)) return value;
    if (seen.size >= most) return 'other';
    seen.add(value);
    return value;
  };
}

function methodLabel(method: string | undefined): string {
  if (method === undefined) return 'none';
  return methodsKnown.has(method) ? method : 'other';
}

function statusClass(status: number | undefined): string {
  return status === undefined ? 'none' : `${Math.trunc(status / 100)}xx`;
}
