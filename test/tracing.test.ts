import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ask } from './end-to-end/client.ts';
import type { Origin } from './end-to-end/origin.ts';
import { portOf, startOrigin } from './end-to-end/origin.ts';
import { withAppliance, withFolder } from './end-to-end/with-appliance.ts';
import { createJournal } from '../src/journal/journal.ts';
import { openTracing } from '../src/tracing.ts';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
  readonly status: { readonly code: number; readonly message?: string };
}
interface Told {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

/** A collector as OTLP over HTTP has it: it takes JSON, and says so with an empty object. */
const spans: Span[] = [];
const collector = createServer((request, response) => {
  void json(request).then((body) => {
    const { resourceSpans } = body as Told;
    spans.push(...resourceSpans.flatMap((each) => each.scopeSpans.flatMap((scope) => scope.spans)));
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
  });
});
let endpoint = '';
let origin: Origin;
beforeAll(async () => {
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  endpoint = `http://127.0.0.1:${portOf(collector)}/`;
  origin = await startOrigin({
    answer: (request, response) => response.end(request.headers['traceparent']),
  });
});
beforeEach(() => {
  spans.length = 0;
});
afterAll(async () => {
  await origin.stop();
  collector.close();
});

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = '00f067aa0ba902b7';
const entry = {
  id: 'e1',
  at: '2026-11-20T12:00:00.000Z',
  kind: 'http',
  mode: 'replay',
  host: 'api.test',
  port: 443,
  secure: true,
  method: 'GET',
  path: '/a?token=%E2%80%A6',
  ms: 12,
  bytesIn: 0,
  bytesOut: 2,
} as const;

async function told(...entries: Parameters<ReturnType<typeof createJournal>['append']>[0][]) {
  const journal = createJournal();
  const tracing = await openTracing({ endpoint, journal });
  for (const each of entries) journal.append(each);
  await tracing.close();
  return spans;
}

describe('a span', () => {
  test('holds what the journal does, without the values of a query', async () => {
    await told({ ...entry, status: 200, outcome: 'replayed', ending: 'finished' });
    expect(spans).toMatchObject([
      {
        name: 'GET api.test',
        startTimeUnixNano: '1795176000000000000',
        endTimeUnixNano: '1795176000012000000',
      },
    ]);
    expect(spans[0]?.attributes).toContainEqual({ key: 'url.path', value: { stringValue: '/a' } });
    expect(JSON.stringify(spans)).not.toContain('token');
    expect(spans[0]?.status).toEqual({ code: 0 });
  });

  test('of a miss says what failed', async () => {
    const failure = 'NO_MATCHING_INTERACTION';
    await told({ ...entry, outcome: 'missed', ending: 'finished', failure });
    expect(spans[0]?.status).toEqual({ code: 2, message: failure });
  });

  test.each([
    [`00-${trace}-${parent}-01`, trace],
    [`cc-${trace}-${parent}-01-what-comes-later`, trace],
    [`00-${'0'.repeat(32)}-${parent}-01`, undefined],
    [`ff-${trace}-${parent}-01`, undefined],
    ['nonsense', undefined],
  ])('is a child of the client’s: %s', async (traceparent, wanted) => {
    await told({ ...entry, outcome: 'replayed', ending: 'finished', trace: traceparent });
    const [span] = spans;
    if (wanted === undefined) expect(span?.parentSpanId).toBeUndefined();
    else expect(span).toMatchObject({ traceId: wanted, parentSpanId: parent });
  });
});

test('without a collector nobody is told, and without one that answers nothing waits for long', async () => {
  const journal = createJournal();
  await (await openTracing({ endpoint: undefined, journal })).close();
  const deaf = await openTracing({ endpoint: 'http://127.0.0.1:9', journal });
  journal.append({ ...entry, outcome: 'replayed', ending: 'finished' });
  await expect(deaf.close()).resolves.toBeUndefined();
});

test('recorded and replayed exchanges are told of, and the server is given the header as it came', async () => {
  await withFolder(async (folder) => {
    const env = { MAGNETO_CASSETTE_DIR: folder, MAGNETO_CERT_DIR: `${folder}/certs` };
    const headers = [['traceparent', `00-${trace}-${parent}-01`]] as const;
    for (const outcome of ['recorded', 'replayed']) {
      spans.splice(0);
      await withAppliance({ ...env, MAGNETO_OTLP_ENDPOINT: endpoint }, async ({ via }) => {
        const { body } = await ask(via, {
          url: `http://localhost:${origin.httpPort}/echo`,
          headers,
        });
        expect(String(body)).toBe(headers[0][1]);
      });
      const value = { stringValue: outcome };
      expect(spans.map((span) => span.traceId)).toEqual([trace]);
      expect(spans[0]?.attributes).toContainEqual({ key: 'magneto.outcome', value });
    }
  });
});
