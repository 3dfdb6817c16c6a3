import type { Attributes, SpanContext } from '@opentelemetry/api';
import type { Journal, JournalEntry } from './journal/journal.ts';

/** What telling a tracing system needs. */
export interface TracingOptions {
  /** Where the collector takes spans: its base URL, OTLP over HTTP (`http://collector:4318`); nothing: nobody is told. */
  readonly endpoint: string | undefined;
  readonly journal: Pick<Journal, 'subscribe'>;
}

/** Tells a tracing system of each exchange; closing it sends what is left. */
export interface Tracing {
  readonly close: () => Promise<void>;
}

/** A collector that does not answer must not keep magneto from ending in time. */
const exportMsMax = 2000;

/**
 * A span for each entry of the journal, a child of the client's own where it sent a `traceparent`
 * (W3C Trace Context); that header goes on to the server as it came. A span holds what the journal
 * does: no body, no header, and no value of a query.
 */
export async function openTracing({ endpoint, journal }: TracingOptions): Promise<Tracing> {
  if (endpoint === undefined) return { close: () => Promise.resolve() };
  // Here and not above: who does not trace does not load it.
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = await import('@opentelemetry/api');
  const { BatchSpanProcessor, TracerProvider } = await import('@opentelemetry/sdk-trace');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: exportMsMax });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'magneto' }),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: exportMsMax })],
  });
  const tracer = provider.getTracer('magneto');
  const forget = journal.subscribe((entry) => {
    const parent = parentOf(entry.trace);
    const startTime = Date.parse(entry.at);
    const span = tracer.startSpan(
      `${entry.method ?? entry.kind} ${entry.host}`,
      { kind: SpanKind.SERVER, startTime, attributes: attributesOf(entry) },
      parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent),
    );
    if (entry.failure !== undefined) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: entry.failure });
    }
    span.end(startTime + entry.ms);
  });
  return {
    async close() {
      forget();
      // What could not be told is lost, as spans may be; it is no failure of the run.
      await provider.shutdown().catch(() => {});
    },
  };
}

/** The client's span: version, trace id, span id and flags, of which the ids must not be all zero. */
function parentOf(traceparent: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] =
    /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/.exec(
      traceparent ?? '',
    ) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

function attributesOf(entry: JournalEntry): Attributes {
  const { host, port, kind, mode, outcome, ending, method, path, status, failure, interaction } =
    entry;
  return {
    'server.address': host,
    'server.port': port,
    ...(kind === 'http' && method !== undefined && { 'http.request.method': method }),
    ...(path !== undefined && { 'url.path': path.replace(/\?.*$/s, '') }),
    ...(status !== undefined && { 'http.response.status_code': status }),
    'magneto.kind': kind,
    'magneto.mode': mode,
    'magneto.outcome': outcome,
    'magneto.ending': ending,
    ...(failure !== undefined && { 'magneto.failure': failure }),
    ...(interaction !== undefined && { 'magneto.interaction': interaction }),
  };
}
