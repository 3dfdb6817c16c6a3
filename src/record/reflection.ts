import type { Part } from '../exchange/conversation.ts';
import { authorityOf } from '../exchange/destination.ts';
import type { Exchange, HttpExchange } from '../exchange/exchange.ts';
import { isGrpc } from '../exchange/grpc.ts';
import type { Upstream } from '../exchange/upstream.ts';
import type { Channel } from '../support/channel.ts';
import { createChannel } from '../support/channel.ts';
import { createGrpcReader, grpcFrame } from '../support/grpc-frames.ts';
import { bytesIn, withLength } from '../support/protobuf-wire.ts';

/** An upstream whose gRPC servers are asked what their messages are. */
export interface Reflected {
  readonly upstream: Upstream;
  /** Resolves when nobody is being asked any more. */
  readonly settled: () => Promise<void>;
}

/** Takes what a server told: serialized FileDescriptorProtos. */
type Learn = (files: readonly Buffer[]) => void;

/** More services are not asked for, nor is a server waited for longer, nor told more of one. */
const servicesMax = 1000;
const askMs = 5000;
const filesMax = 1000;
const answerBytesMax = 4 * 1024 * 1024;

/** Asks each server once for each of its services that answered a client (gRPC server reflection). */
export function reflected(upstream: Upstream, learn: Learn): Reflected {
  const asked = new Set<string>();
  const asking = new Set<Promise<void>>();
  const askOnce = (exchange: HttpExchange): void => {
    const service = exchange.head.path.split('/')[1] ?? '';
    const key = `${authorityOf(exchange.destination)} ${service}`;
    if (asked.has(key) || asked.size >= servicesMax || service.startsWith('grpc.')) return;
    asked.add(key);
    // A server that tells nothing, or nonsense, is one whose messages are shown without names.
    const done = ask(upstream, exchange, service)
      .then(learn)
      .catch(() => undefined)
      .finally(() => asking.delete(done));
    asking.add(done);
  };
  return {
    settled: async () => void (await Promise.all(asking)),
    upstream: {
      offer: upstream.offer,
      async open(exchange) {
        const answer = await upstream.open(exchange);
        if (isCall(exchange) && answer.head !== undefined) askOnce(exchange);
        return answer;
      },
    },
  };
}

function isCall(exchange: Exchange): exchange is HttpExchange {
  return exchange.kind === 'http' && isGrpc(exchange.head.headers);
}

async function ask(
  upstream: Upstream,
  exchange: HttpExchange,
  service: string,
): Promise<readonly Buffer[]> {
  for (const version of ['v1', 'v1alpha']) {
    const files = await converse(upstream, exchange, { version, service });
    if (files.length > 0) return files;
  }
  throw new Error(`${service} is not described`);
}

/** ServerReflectionRequest: a service by its name, or a file by its own. */
const requests = { file: 3, symbol: 4 } as const;

async function converse(
  upstream: Upstream,
  exchange: HttpExchange,
  { version, service }: { readonly version: string; readonly service: string },
): Promise<readonly Buffer[]> {
  const questions: Channel<Part> = createChannel(filesMax + 1);
  const files = new Map<string, Buffer>();
  let [sent, answered] = [0, 0];
  const send = (number: number, name: string): void => {
    sent += 1;
    const bytes = withLength(number, Buffer.from(name));
    const frame = grpcFrame({ kind: 'message', bytes, compressed: false });
    void questions.push({ atMs: 0, kind: 'data', bytes: frame });
  };
  send(requests.symbol, service);
  const asked = new Set<string>();
  for await (const answer of answers(upstream, exchange, { version, questions })) {
    answered += 1;
    for (const file of bytesIn(answer, 4).flatMap((found) => bytesIn(found, 1))) {
      files.set(String(bytesIn(file, 1)[0] ?? ''), file);
    }
    for (const name of [...files.values()].flatMap((file) => bytesIn(file, 3)).map(String)) {
      if (files.has(name) || asked.has(name) || asked.size >= filesMax) continue;
      asked.add(name);
      send(requests.file, name);
    }
    if (answered === sent) questions.end();
  }
  return [...files.values()];
}

/** A call of our own to the server of an exchange; the messages that it answers. */
async function* answers(
  upstream: Upstream,
  { id, destination }: HttpExchange,
  { version, questions }: { readonly version: string; readonly questions: Channel<Part> },
): AsyncGenerator<Buffer, void> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort({ type: 'cut', by: 'client' }), askMs);
  try {
    const { body } = await upstream.open({
      id: `${id}-reflection`,
      kind: 'http',
      destination,
      startedAt: performance.now(),
      signal: giveUp.signal,
      head: {
        method: 'POST',
        path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
        httpVersion: '2.0',
        headers: [
          ['content-type', 'application/grpc'],
          ['te', 'trailers'],
        ],
      },
      body: questions,
      trailers: () => [],
      inform: () => {},
    });
    const reader = createGrpcReader(answerBytesMax);
    const parts = body === undefined || Buffer.isBuffer(body) ? [{ bytes: body }] : body;
    for await (const { bytes = Buffer.alloc(0) } of parts) {
      for (const piece of reader.take(bytes)) if (piece.kind === 'message') yield piece.bytes;
      if (giveUp.signal.aborted) return;
    }
  } finally {
    clearTimeout(timer);
    questions.end();
  }
}
