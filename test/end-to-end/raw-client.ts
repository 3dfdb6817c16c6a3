import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { plain } from './client.ts';

/** A response read by hand, so that no library smoothes anything over. */
export interface RawResponse {
  /** Interim (1xx) heads, each as it came. */
  readonly interim: readonly string[];
  /** Status line and header lines as they came, but for those of the connection. */
  readonly head: string;
  /** Without the framing of chunks. */
  readonly body: Buffer;
  readonly chunked: boolean;
  readonly trailers: string;
  /** `whole`: by its own framing; `end`, `reset`: the connection ended so before, or instead. */
  readonly ended: 'whole' | 'end' | 'reset';
}

/** Sends bytes to a port and reads one response. */
export async function askRaw(
  port: number,
  request: string | Buffer,
  options: { readonly method?: string } = {},
): Promise<RawResponse> {
  const socket = await plain({ proxyPort: port });
  try {
    return await askOn(socket, request, options);
  } finally {
    socket.destroy();
  }
}

/** Sends bytes on a connection and reads one response; the connection stays open. */
export async function askOn(
  socket: Duplex,
  request: string | Buffer,
  { method = 'GET' }: { readonly method?: string } = {},
): Promise<RawResponse> {
  const bytes = listen(socket);
  socket.write(request);
  const ended = await bytes.until((got) => isWhole(got, method));
  return parse(bytes.got(), method, ended);
}

/** What a connection says, collected. */
export interface Listening {
  readonly got: () => Buffer;
  /** Waits until the bytes satisfy; tells how the connection ended where that came first. */
  readonly until: (enough: (got: Buffer) => boolean) => Promise<'whole' | 'end' | 'reset'>;
}

/** Collects what a connection says from now on. */
export function listen(socket: Duplex): Listening {
  let got: Buffer = Buffer.alloc(0);
  let ended: 'end' | 'reset' | undefined;
  let look = (): void => {};
  socket.on('data', (chunk: Buffer) => {
    got = Buffer.concat([got, chunk]);
    look();
  });
  const end = (how: 'end' | 'reset') => (): void => {
    ended ??= how;
    look();
  };
  socket.on('error', end('reset')).on('end', end('end')).on('close', end('end'));
  return {
    got: () => got,
    until: (enough) =>
      new Promise((resolve) => {
        look = () => {
          if (enough(got)) resolve('whole');
          else if (ended !== undefined) resolve(ended);
        };
        look();
      }),
  };
}

/** Waits for the end of a connection, and tells how it was; `open` where it does not come in time. */
export async function endOf(socket: Duplex, withinMs: number): Promise<'end' | 'reset' | 'open'> {
  socket.resume();
  const closed = once(socket, 'end').then(
    () => 'end' as const,
    () => 'reset' as const,
  );
  return Promise.race([closed, sleep(withinMs, 'open' as const, { ref: false })]);
}

interface Split {
  readonly interim: readonly string[];
  readonly head: string;
  readonly rest: Buffer;
}

function split(got: Buffer): Split | undefined {
  const interim: string[] = [];
  let rest = got;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    const head = rest.toString('latin1', 0, end);
    rest = rest.subarray(end + 4);
    if (!/^HTTP\/1\.\d 1(?!01)\d\d/.test(head)) return { interim, head, rest };
    interim.push(head);
  }
}

function isWhole(got: Buffer, method: string): boolean {
  const parts = split(got);
  if (parts === undefined) return false;
  const { head, rest } = parts;
  if (method === 'HEAD' || /^HTTP\/1\.\d (204|304|101)/.test(head)) return true;
  if (isChunkedHead(head)) return dechunk(rest)?.trailers !== undefined;
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  return length !== undefined && rest.length >= Number(length);
}

function isChunkedHead(head: string): boolean {
  return /^transfer-encoding:.*chunked/im.test(head);
}

/** Bodies of chunks, and the trailers where the last chunk has come. */
function dechunk(bytes: Buffer): { readonly body: Buffer; readonly trailers?: string } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf('\r\n', at);
    if (end === -1) return { body: Buffer.concat(chunks) };
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    at = end + 2;
    if (size === 0) {
      const tail = bytes.toString('latin1', at);
      if (tail === '\r\n') return { body: Buffer.concat(chunks), trailers: '' };
      if (!tail.endsWith('\r\n\r\n')) return { body: Buffer.concat(chunks) };
      return { body: Buffer.concat(chunks), trailers: tail.slice(0, -4) };
    }
    chunks.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
}

function parse(got: Buffer, method: string, ended: RawResponse['ended']): RawResponse {
  const parts = split(got);
  if (parts === undefined) {
    const nothing = { interim: [], head: '', trailers: '', chunked: false };
    return { ...nothing, body: got, ended };
  }
  const { interim, head, rest } = parts;
  const chunked = isChunkedHead(head);
  const { body, trailers = '' } = chunked && method !== 'HEAD' ? dechunk(rest) : { body: rest };
  return { interim, head: withoutHops(head), body, chunked, trailers, ended };
}

/** A head without the lines that belong to one connection only (RFC 9110, 7.6.1). */
export function withoutHops(head: string): string {
  return head
    .split('\r\n')
    .filter((line) => !/^(connection|keep-alive|proxy-connection|proxy-authorization):/i.test(line))
    .join('\r\n');
}
