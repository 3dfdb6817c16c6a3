import type {
  Chunk,
  Interaction,
  RecordedMessage,
  RecordedRequest,
  RecordedResponse,
  StoredBody,
} from '../exchange/interaction.ts';

/** Something that a side said while an interaction was going on; without bytes where those are in a file of their own. */
export interface Said extends RecordedMessage {
  /** How many bytes it had. */
  readonly length: number;
}

/** The bodies that lie in files of their own, by who said them. */
export interface StoredSides {
  readonly client?: StoredBody | undefined;
  readonly server?: StoredBody | undefined;
}

/**
 * An interaction, put together from its frame and from what was said in it. What the frame has of
 * messages and bodies counts for more. Of kind `http` the pieces become bodies, else messages.
 */
export function assemble(
  frame: Interaction,
  said: readonly Said[],
  stored: StoredSides = {},
): Interaction {
  if (frame.kind !== 'http') return { ...frame, messages: frame.messages ?? said.map(messageOf) };
  const { request, response } = frame;
  const client = said.filter(({ from, kind }) => from === 'client' && kind === 'data');
  const server = said.filter(({ from, kind }) => from === 'server' && kind === 'data');
  return {
    ...frame,
    request: { ...bodyOf(request, client, stored.client), ...request },
    ...(response === undefined
      ? {}
      : {
          response: withChunks({
            ...bodyOf(response, server, stored.server),
            ...chunksOf(server),
            ...response,
          }),
        }),
  };
}

/**
 * What is known of an interaction that nobody ended: magneto was killed, or its take was over first.
 * It ends when the last was said. A body in a file may have got further than the log, or less far.
 */
export function assembleKilled(
  frame: Interaction,
  said: readonly Said[],
  stored: StoredSides,
): Interaction {
  const lastMs = said.reduce((last, { atMs }) => Math.max(last, atMs), 0);
  const timing = { ...frame.timing, endMs: Math.max(frame.timing.endMs, lastMs) };
  const whole = assemble({ ...frame, timing }, said, {
    client: fuller(said, 'client', stored.client),
    server: fuller(said, 'server', stored.server),
  });
  const { request, response } = whole;
  return {
    ...whole,
    ...(isPartial(frame, said) ? { request: { ...request, partial: true } } : {}),
    ...(response === undefined ? {} : { response: withChunksThatFit(response) }),
  };
}

/** Who says that there are none of them means that they do not matter. */
function withChunks({ chunks, ...response }: RecordedResponse): RecordedResponse {
  return chunks === undefined || chunks.length === 0 ? response : { ...response, chunks };
}

function messageOf(said: Said): RecordedMessage {
  const { length: _, ...message } = said;
  return message;
}

function bodyOf(
  { body, stored }: Pick<RecordedRequest, 'body' | 'stored'>,
  pieces: readonly Said[],
  file: StoredBody | undefined,
): Pick<RecordedRequest, 'body' | 'stored'> {
  if (body !== undefined || stored !== undefined) return {};
  if (file !== undefined) return { stored: file };
  return pieces.length === 0 ? {} : { body: Buffer.concat(pieces.map(({ bytes }) => bytes)) };
}

function chunksOf(pieces: readonly Said[]): Pick<RecordedResponse, 'chunks'> {
  if (pieces.length < 2) return {};
  return { chunks: pieces.map(({ atMs, length }) => ({ atMs, bytes: length })) };
}

/** The file, unless more of its first bytes stand in the log itself. */
function fuller(
  said: readonly Said[],
  side: RecordedMessage['from'],
  file: StoredBody | undefined,
): StoredBody | undefined {
  const logged = said.reduce((sum, { from, bytes }) => {
    return from === side ? sum + bytes.length : sum;
  }, 0);
  return file === undefined || file.bytes < logged ? undefined : file;
}

/** Whether the request may have had more to say: then any body is as good as what is there of it. */
function isPartial({ kind }: Interaction, said: readonly Said[]): boolean {
  if (kind !== 'http') return false;
  const mine = said.filter(({ from }) => from === 'client');
  return mine.length > 0 && mine.at(-1)?.kind !== 'end';
}

function withChunksThatFit(response: RecordedResponse): RecordedResponse {
  const { body, stored, chunks } = response;
  if (chunks === undefined) return response;
  let left = stored?.bytes ?? body?.length ?? 0;
  const fitting: Chunk[] = [];
  for (const { atMs, bytes } of chunks) {
    if (left > 0) fitting.push({ atMs, bytes: Math.min(bytes, left) });
    left -= bytes;
  }
  return { ...response, chunks: fitting };
}
