import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Receipt } from '../journal/journal.ts';
import type { Stage } from '../mode/mode.ts';
import type { Guard, GuardOptions } from './guard.ts';
import { createGuard } from './guard.ts';
import { listenOn } from './listen.ts';
import type { Bound } from './listen.ts';
import type { Metrics } from './metrics.ts';
import { failureReply, jsonReply, problemReply } from './reply.ts';
import { websocketPage } from './websockets.ts';
import type { Reply } from './reply.ts';

export { createMetrics } from './metrics.ts';
export type { Metrics } from './metrics.ts';

/** How the appliance is: the body of `GET /health`. */
export interface Status {
  readonly ready: boolean;
  /** Why it is not ready, in one line. */
  readonly reason?: string;
  readonly mode: string;
  readonly cassette: string;
  readonly interactions: number;
  readonly [more: string]: unknown;
}

/** How a run has ended. */
export interface Ended {
  readonly receipt: Receipt;
  /** What the process ends with. */
  readonly exitStatus: number;
}

/** What the control plane shows; it knows no room, only what it is handed. */
export interface ControlOptions extends GuardOptions {
  readonly status: () => Status;
  readonly receipt: () => Promise<Receipt>;
  readonly certificatePem: () => string;
  /** What a file of the trust kit holds, and nothing that is not public. */
  readonly trustFile: (name: string) => Promise<Buffer | undefined>;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  /** Ends the run as SIGTERM does, and tells what it came to once its take has ended; nothing where it has not begun. */
  readonly quit: () => Promise<Ended> | undefined;
  /** The WebSocket sessions that are being replayed. */
  readonly stage: Stage;
}

/** The control plane's listeners. */
export interface Control {
  /**
   * Listens on one more address; port 0 takes any free one.
   * @throws Failure PORT_TAKEN or LISTEN_FAILED; the cause is Node's error, with its `code`
   *   (`EADDRNOTAVAIL` and `EAFNOSUPPORT` where the machine has no IPv6).
   */
  readonly listen: (host: string, port: number) => Promise<Bound>;
  /** Closes every listener, and every connection once what is asked on it is answered, within a second. */
  readonly close: () => Promise<void>;
}

export type { Bound } from './listen.ts';

/** Few ask, and none for long: a scraper, a health check, a person. */
const connectionsMax = 256;

/** An answer that takes longer is not waited for when everything closes. */
const answerMsMax = 1_000;

/**
 * The control plane: `/health`, `/receipt`, `/ca.pem`, `/trust/…`, `/metrics`, `/websockets`, and `POST /quit`. Whoever is let in
 * may read; who changes anything is asked for more. There are no CORS headers.
 */
export function createControl(options: ControlOptions): Control {
  const guard = createGuard(options);
  const servers: Server[] = [];
  const answering = new Set<ServerResponse>();
  return {
    listen: (host, port) => {
      const server = createServer((request, response) => {
        answering.add(response);
        response.once('close', () => answering.delete(response));
        void answer({ options, guard, request, response });
      });
      server.maxConnections = connectionsMax;
      servers.push(server);
      return listenOn(server, host, port);
    },
    close: async () => {
      await Promise.all(servers.splice(0).map((server) => closeServer(server, answering)));
    },
  };
}

interface Asked {
  readonly options: ControlOptions;
  readonly guard: Guard;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function answer(asked: Asked): Promise<void> {
  const { guard, request, response } = asked;
  const reply = guard.refuse(request) ?? (await replyTo(asked));
  // What it sent is not read: left in the kernel, it would reset the connection and the answer with it.
  request.resume();
  // Never a CORS header: a page in a browser must not read what its owner's tests talk to.
  response.writeHead(reply.status, {
    'Content-Type': reply.contentType,
    'Content-Length': Buffer.byteLength(reply.body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...reply.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : reply.body);
}

async function replyTo({ options, guard, request }: Asked): Promise<Reply> {
  const path = pathOf(request.url ?? '');
  const page = pageAt(path);
  if (page === undefined) return problemReply(404, `there is no ${path} here`);
  if (!page.methods.includes(request.method ?? '')) {
    const what = page.methods.includes('POST') ? 'takes a POST' : 'can only be read';
    const reply = problemReply(405, `${path} ${what}`);
    return { ...reply, headers: { Allow: page.methods.join(', ') } };
  }
  const isGuarded = page.methods === changing || page.guarded === true;
  const refused = isGuarded ? guard.refuseChange(request) : undefined;
  const reply = refused ?? (await page.reply(options, request.url ?? ''));
  return reply ?? problemReply(404, `there is no ${path} here`);
}

interface Page {
  readonly methods: readonly string[];
  /** Whether it is asked more of who may read it (no). */
  readonly guarded?: boolean;
  readonly reply: (
    options: ControlOptions,
    target: string,
  ) => Reply | undefined | Promise<Reply | undefined>;
}

const reading: readonly string[] = ['GET', 'HEAD'];
const changing: readonly string[] = ['POST'];

const pages: ReadonlyMap<string, Page> = new Map<string, Page>([
  ['/health', { methods: reading, reply: ({ status }) => health(status()) }],
  ['/receipt', { methods: reading, reply: async (own) => jsonReply(200, await own.receipt()) }],
  ['/ca.pem', { methods: reading, reply: (own) => certificate(own.certificatePem()) }],
  [
    '/metrics',
    {
      methods: reading,
      reply: async ({ metrics }) => text(metrics.contentType, await metrics.text()),
    },
  ],
  ['/quit', { methods: changing, reply: ({ quit }) => ended(quit()) }],
]);

/** Only when the take has ended does anybody know what the run came to: the answer waits for that. */
async function ended(ending: Promise<Ended> | undefined): Promise<Reply> {
  if (ending === undefined) return failureReply('CONTROL_NOT_SERVING', 'it is still starting');
  return { ...jsonReply(200, await ending), headers: { Connection: 'close' } };
}

function pageAt(path: string): Page | undefined {
  if (path.startsWith(trustPath)) return trustPage(path);
  const page = websocketPage(path);
  if (page === undefined) return pages.get(path);
  return {
    methods: page.method === 'POST' ? changing : reading,
    guarded: page.guarded,
    reply: ({ stage }, target) => page.reply(stage, target),
  };
}

const trustPath = '/trust/';

/** A file of the trust kit, by its name. */
function trustPage(path: string): Page {
  const reply: Page['reply'] = async ({ trustFile }) => {
    const name = path.slice(trustPath.length);
    const body = await trustFile(name);
    if (body === undefined) return undefined;
    const isText = /\.(?:pem|sh|env|conf|ini)$|^wgetrc$/.test(name);
    const contentType = isText ? 'text/plain; charset=utf-8' : 'application/octet-stream';
    return { status: 200, contentType, body };
  };
  return { methods: reading, reply };
}

function health({ ready, reason, ...more }: Status): Reply {
  if (ready) return jsonReply(200, { status: 'ready', ...more });
  return jsonReply(503, { status: 'unready', reason: reason ?? 'not ready yet', ...more });
}

function certificate(pem: string): Reply {
  const headers = { 'Content-Disposition': 'attachment; filename="magneto-ca.pem"' };
  return { ...text('application/x-pem-file', pem), headers };
}

function text(contentType: string, body: string): Reply {
  return { status: 200, contentType, body };
}

/** The path of a request target, in origin-form or, from a client that takes us for its proxy, absolute-form. */
function pathOf(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '');
  return /^[^?#]*/.exec(path)?.[0] ?? '';
}

async function closeServer(server: Server, answering: ReadonlySet<ServerResponse>): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    void answered(answering).then(() => server.closeAllConnections());
  });
}

/** Waits until nothing is left to be answered, or for as long as an answer may take. */
async function answered(answering: ReadonlySet<ServerResponse>): Promise<void> {
  const ends = [...answering].map((response) => once(response, 'close'));
  const patience = new AbortController();
  const limit = delay(answerMsMax, undefined, { signal: patience.signal }).catch(() => {});
  await Promise.race([Promise.allSettled(ends), limit]);
  patience.abort();
}
