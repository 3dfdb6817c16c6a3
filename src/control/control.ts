import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Receipt } from '../journal/journal.ts';
import { createAddressList } from '../support/address-list.ts';
import type { AddressList } from '../support/address-list.ts';
import { listenOn } from './listen.ts';
import type { Bound } from './listen.ts';
import type { Metrics } from './metrics.ts';
import { failureReply, jsonReply, problemReply } from './reply.ts';
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

/** What the control plane shows; it knows no room, only what it is handed. */
export interface ControlOptions {
  readonly status: () => Status;
  readonly receipt: () => Receipt;
  readonly certificatePem: () => string;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  /** CIDR ranges of those who may ask; anyone else gets 403. */
  readonly allowClients: readonly string[];
}

/** The control plane's listeners. */
export interface Control {
  /**
   * Listens on one more address; port 0 takes any free one.
   * @throws Failure PORT_TAKEN or LISTEN_FAILED; the cause is Node's error, with its `code`
   *   (`EADDRNOTAVAIL` and `EAFNOSUPPORT` where the machine has no IPv6).
   */
  readonly listen: (host: string, port: number) => Promise<Bound>;
  /** Closes every listener and every connection. */
  readonly close: () => Promise<void>;
}

export type { Bound } from './listen.ts';

/** Few ask, and none for long: a scraper, a health check, a person. */
const connectionsMax = 256;

/** The control plane: `/health`, `/receipt`, `/ca.pem`, `/metrics`. Read-only, and without CORS headers. */
export function createControl(options: ControlOptions): Control {
  const clients = createAddressList(options.allowClients);
  const servers: Server[] = [];
  return {
    listen: (host, port) => {
      const server = createServer((request, response) => {
        void answer({ options, clients, request, response });
      });
      server.maxConnections = connectionsMax;
      servers.push(server);
      return listenOn(server, host, port);
    },
    close: async () => {
      await Promise.all(servers.splice(0).map(closeServer));
    },
  };
}

interface Asked {
  readonly options: ControlOptions;
  readonly clients: AddressList;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function answer({ options, clients, request, response }: Asked): Promise<void> {
  const address = request.socket.remoteAddress ?? '';
  const reply = clients.has(address)
    ? await replyTo(options, request)
    : failureReply('CLIENT_NOT_ALLOWED', `${address} is in no range of MAGNETO_ALLOW_CLIENTS`);
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

async function replyTo(options: ControlOptions, request: IncomingMessage): Promise<Reply> {
  const path = pathOf(request.url ?? '');
  const page = pages.get(path);
  if (page === undefined) return problemReply(404, `there is no ${path} here`);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const reply = problemReply(405, `${path} can only be read`);
    return { ...reply, headers: { Allow: 'GET, HEAD' } };
  }
  return page(options);
}

type Page = (options: ControlOptions) => Reply | Promise<Reply>;

const pages: ReadonlyMap<string, Page> = new Map<string, Page>([
  ['/health', ({ status }) => health(status())],
  ['/receipt', ({ receipt }) => jsonReply(200, receipt())],
  ['/ca.pem', ({ certificatePem }) => certificate(certificatePem())],
  ['/metrics', async ({ metrics }) => text(metrics.contentType, await metrics.text())],
]);

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

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
