import type { Writable } from 'node:stream';
import * as ws from 'ws';
import type { Ending, Part, PartKind, Side } from '../exchange/conversation.ts';
import type { Headers } from '../exchange/headers.ts';
import { headerValues } from '../exchange/headers.ts';
import type { RecordedMessage } from '../exchange/interaction.ts';
import { errorCode } from '../support/system-error.ts';

/** The frame parser of ws and what it needs: exported by the library, but missing from its types. */
interface FrameParsing {
  readonly Receiver: new (options: {
    isServer: boolean;
    extensions: Record<string, unknown>;
    maxPayload: number;
    skipUTF8Validation: boolean;
  }) => Writable;
  readonly PerMessageDeflate: new (options: {
    isServer: boolean;
    maxPayload: number;
  }) => {
    accept(parameters: readonly Record<string, unknown>[]): void;
  };
  readonly extension: {
    parse(header: string): Record<string, readonly Record<string, unknown>[] | undefined>;
  };
}

const { Receiver, PerMessageDeflate, extension } = ws as unknown as FrameParsing;

/** What one side of a session said, as far as it could be read. */
export interface Tapped {
  /** Nothing where they pass the limit. */
  readonly messages: readonly RecordedMessage[] | undefined;
  readonly close?: { readonly code: number; readonly reason: string; readonly atMs: number };
}

/** What a tap needs to know. */
export interface TapOptions {
  /** Headers of the 101: the accepted extensions say whether frames are compressed (RFC 7692). */
  readonly accepted: Headers;
  /** Bytes that the messages of a side may have together. */
  readonly bytesMax: number;
}

/** Reads the WebSocket frames of one direction as they pass, without holding them up. */
export interface FrameTap {
  /** Takes raw bytes; resolves when they have been read. They stay unchanged: the tap copies before it unmasks. */
  readonly take: (part: Part) => Promise<void>;
  /** Whether a close frame has come. */
  readonly closed: () => boolean;
  /** Resolves when everything taken has been read: its messages, and the close frame where one came. */
  readonly end: () => Promise<Tapped>;
}

/** Makes a tap for what one side says. */
export function createFrameTap(
  from: Side,
  options: TapOptions,
  onMessage: (from: Side, kind: PartKind) => void = () => {},
): FrameTap {
  const messages: RecordedMessage[] = [];
  let size = 0;
  let close: Tapped['close'];
  let atMs = 0;
  const receiver = makeReceiver(from === 'client', options);
  const add = (kind: Exclude<PartKind, 'data'>, bytes: Buffer): void => {
    size += bytes.length;
    if (size <= options.bytesMax) messages.push({ from, atMs, kind, bytes: Buffer.from(bytes) });
    else messages.length = 0;
    onMessage(from, kind);
  };
  receiver.on('message', (bytes: Buffer, binary: boolean) =>
    add(binary ? 'binary' : 'text', bytes),
  );
  receiver.on('ping', (bytes: Buffer) => add('ping', bytes));
  receiver.on('pong', (bytes: Buffer) => add('pong', bytes));
  receiver.on('conclude', (code: number, reason: Buffer) => {
    close = { code, reason: reason.toString(), atMs };
  });
  // A frame that breaks the protocol ends what can be told; the peers themselves settle it on the wire.
  receiver.on('error', (error) => {
    if (errorCode(error) === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') size = Infinity;
    receiver.destroy();
  });
  let last: Promise<void> = Promise.resolve();
  return {
    take(part) {
      last = last.then(() => {
        atMs = part.atMs;
        return feed(receiver, Buffer.from(part.bytes));
      });
      return last;
    },
    closed: () => close !== undefined,
    async end() {
      await last;
      return {
        messages: size <= options.bytesMax ? messages : undefined,
        ...(close === undefined ? {} : { close }),
      };
    },
  };
}

/** The messages of both sides in the order of their bytes' coming, and how the session ended. */
export function mergeSession(
  client: Tapped,
  server: Tapped,
  ending: Ending,
): { readonly messages: readonly RecordedMessage[]; readonly ending: Ending } {
  const both = [...(client.messages ?? []), ...(server.messages ?? [])];
  const messages = both.toSorted((a, b) => a.atMs - b.atMs);
  const { close: first, by } = firstClose(client.close, server.close);
  if (first === undefined) return { messages, ending };
  return { messages, ending: { type: 'closed', by, code: first.code, reason: first.reason } };
}

function firstClose(
  client: Tapped['close'],
  server: Tapped['close'],
): { close: Tapped['close']; by: Side } {
  const clientFirst = client !== undefined && (server === undefined || client.atMs <= server.atMs);
  return clientFirst ? { close: client, by: 'client' } : { close: server, by: 'server' };
}

function feed(receiver: Writable, bytes: Buffer): Promise<void> {
  if (receiver.destroyed || receiver.writableEnded) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => resolve();
    receiver.once('close', done);
    receiver.write(bytes, () => {
      receiver.off('close', done);
      resolve();
    });
  });
}

function makeReceiver(masked: boolean, { accepted, bytesMax }: TapOptions): Writable {
  const deflate = decompression(masked, { accepted, bytesMax });
  return new Receiver({
    isServer: masked,
    extensions: deflate === undefined ? {} : { 'permessage-deflate': deflate },
    maxPayload: bytesMax,
    skipUTF8Validation: true,
  });
}

/** The compression that both sides agreed on; nothing where there is none, or none that can be understood. */
function decompression(masked: boolean, { accepted, bytesMax }: TapOptions): object | undefined {
  const header = headerValues(accepted, 'sec-websocket-extensions').join(', ');
  // The library's parser takes no empty header.
  if (header === '') return undefined;
  try {
    const offers = extension.parse(header)['permessage-deflate'];
    if (offers === undefined) return undefined;
    const deflate = new PerMessageDeflate({ isServer: masked, maxPayload: bytesMax });
    deflate.accept(offers);
    return deflate;
  } catch {
    // What such a header means is between the two peers; the recording goes on as far as it can.
    return undefined;
  }
}
