import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { headerValue } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import { compressionOf } from './compression.ts';
import type { Upgrade } from './websocket.ts';

/** The largest message that a client of a replay may send, in bytes. */
const messageBytesMax = 128 * 1024 * 1024;
/** In how many fragments, and in how many pieces of TCP, it may come. */
const fragmentsMax = 1_048_576;

/** Completes the handshake with the recorded head: its headers, subprotocol and compression, but a fresh accept key. */
export async function handshake(
  { socket, request, rest }: Pick<Upgrade, 'socket' | 'request' | 'rest'>,
  head: ResponseHead,
): Promise<WebSocket | undefined> {
  const protocol = headerValue(head.headers, 'sec-websocket-protocol');
  const offer = request.headers['sec-websocket-extensions'];
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: messageBytesMax,
    maxFragments: fragmentsMax,
    maxBufferedChunks: fragmentsMax,
    perMessageDeflate: compressionOf(head.headers, offer),
    // A client fails on a subprotocol that it did not ask for.
    handleProtocols: (offered) =>
      protocol !== undefined && offered.has(protocol) ? protocol : false,
  });
  server.on('headers', (lines: string[]) => {
    lines.splice(0, lines.length, ...handshakeLines(lines, head));
  });
  if (socket.destroyed) return undefined;
  return new Promise((resolve) => {
    socket.once('close', () => resolve(undefined));
    server.handleUpgrade(request, socket, rest, resolve);
  });
}

const perHandshake: ReadonlySet<string> = new Set([
  'sec-websocket-accept',
  'sec-websocket-extensions',
  'sec-websocket-protocol',
]);

/** The recorded header lines in their order; those that belong to this one handshake come from the library. */
function handshakeLines(fresh: readonly string[], head: ResponseHead): string[] {
  const ours = new Map(fresh.slice(1).map((line) => [line.split(':', 1)[0]?.toLowerCase(), line]));
  const lines = [`HTTP/1.1 101 ${head.statusText}`];
  for (const [name, value] of head.headers) {
    const lower = name.toLowerCase();
    const live = ours.get(lower);
    if (!perHandshake.has(lower)) lines.push(`${name}: ${value}`);
    else if (live !== undefined) lines.push(`${name}${live.slice(name.length)}`);
    ours.delete(lower);
  }
  return [...lines, ...ours.values()];
}
