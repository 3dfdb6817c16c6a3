import { hash } from 'node:crypto';
import type { Body, Part } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { headerValue } from '../exchange/headers.ts';
import type { Interaction, MessageKind } from '../exchange/interaction.ts';
import { plainMessage } from '../support/grpc-content.ts';
import type { GrpcPiece } from '../support/grpc-frames.ts';
import { createGrpcReader } from '../support/grpc-frames.ts';
import type { Rereadable } from '../support/rereadable.ts';
import { isRereadable, rereadable } from '../support/rereadable.ts';

/** What a client says in a gRPC call, one after the other: messages, and that it has said its last. */
export interface GrpcSaid {
  readonly kind: MessageKind;
  readonly bytes: Buffer;
  /** Equal for what matching takes as equal. */
  readonly digest: string;
}

/** How what a client says is compared. */
export interface GrpcComparing {
  readonly bytesMax: number;
  /** A message of a method (`/package.Service/Method`) without the fields that matching ignores. */
  readonly ignoring?: (path: string, message: Buffer) => Buffer;
}

/** A live client's side of a call. */
export interface GrpcClient {
  /** The first so many things that it says; fewer where it says no more, or too much at once. */
  readonly first: (count: number) => Promise<readonly GrpcSaid[]>;
  /** All that it says, from the beginning; it ends where the client broke off. */
  readonly all: () => AsyncGenerator<GrpcSaid, void>;
  /** Says that nobody reads on. */
  readonly release: () => Promise<void>;
}

/** The client's side of a live call; what is looked at first is read again after. */
export function grpcClient(exchange: HttpExchange, comparing: GrpcComparing): GrpcClient {
  const body = twice(exchange.body);
  const naming = namer(exchange.head, comparing);
  return {
    async first(count) {
      const said: GrpcSaid[] = [];
      const reader = createGrpcReader(comparing.bytesMax);
      let seen = 0;
      let size = 0;
      const look = (): void => {
        for (const { bytes } of body.ahead.slice(seen)) {
          size += bytes.length;
          said.push(...reader.take(bytes).map(naming));
        }
        seen = body.ahead.length;
      };
      look();
      while (said.length < count && size <= comparing.bytesMax) {
        const over = await body.readAhead(size);
        look();
        if (!over) continue;
        if (!exchange.signal.aborted) said.push(...reader.end().map(naming), lastSaid);
        break;
      }
      return said.slice(0, count);
    },
    async *all() {
      const reader = createGrpcReader(comparing.bytesMax);
      for await (const part of body) yield* reader.take(part.bytes).map(naming);
      if (exchange.signal.aborted) return;
      yield* reader.end().map(naming);
      yield lastSaid;
    },
    release: () => (body === exchange.body ? Promise.resolve() : body.release()),
  };
}

/** What the client of a recorded call said, in the order seen. */
export function recordedSaid(
  { request, messages = [] }: Interaction,
  comparing: GrpcComparing,
): readonly GrpcSaid[] {
  const naming = namer(request, comparing);
  return messages
    .filter(({ from }) => from === 'client')
    .map(({ kind, bytes, compressed = false }) =>
      kind === 'end'
        ? lastSaid
        : naming({ kind: kind === 'data' ? 'data' : 'message', bytes, compressed }),
    );
}

const lastSaid: GrpcSaid = { kind: 'end', bytes: Buffer.alloc(0), digest: 'end' };

/** A message that would become larger is compared as it is compressed: a megabyte can swell to a gigabyte (a bomb). */
const inflatedBytesMax = 16 * 1024 * 1024;

function namer(
  { path, headers }: Pick<HttpExchange['head'], 'path' | 'headers'>,
  { bytesMax, ignoring }: GrpcComparing,
): (piece: GrpcPiece) => GrpcSaid {
  const encoding = headerValue(headers, 'grpc-encoding');
  return (piece) => {
    const { kind, bytes } = piece;
    if (kind === 'data') return { kind, bytes, digest: `data ${hash('sha256', bytes, 'hex')}` };
    const plain = plainMessage(piece, { encoding, bytesMax: Math.min(bytesMax, inflatedBytesMax) });
    const counts = ignoring === undefined ? plain : ignoring(path, plain);
    return { kind, bytes: plain, digest: `message ${hash('sha256', counts, 'hex')}` };
  };
}

function twice(body: Body): Rereadable<Part> {
  if (body !== undefined && !Buffer.isBuffer(body)) {
    if (isRereadable(body)) return body;
    return rereadable(body, ({ bytes }) => bytes.length);
  }
  return rereadable(wholeBody(body), ({ bytes }) => bytes.length);
}

async function* wholeBody(bytes: Buffer | undefined): AsyncGenerator<Part, void> {
  if (bytes !== undefined) yield { atMs: 0, kind: 'data', bytes };
}
