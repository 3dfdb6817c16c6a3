import type { Fields } from './check.ts';

/** What a cassette says of itself before its interactions. */
export interface ContentHead {
  readonly name: string;
  readonly recordedAt: string;
  /** Whether it has something that readers of version 2.0 do not know. */
  readonly newer: boolean;
}

/** The version that a cassette says it has: the older one where a reader of that misses nothing. */
export function versionWords(needsNewer: boolean): '2.0' | '2.1' {
  return needsNewer ? '2.1' : '2.0';
}

/** Whether an interaction, as it stands in a log, has something that came with version 2.1. */
export function treeNeedsNewer({
  kind,
  truncated,
  ending,
  request,
  response,
  messages,
}: Fields): boolean {
  if (kind === 'grpc' || kind === 'stream' || truncated !== undefined) return true;
  // An upgrade other than a WebSocket's.
  if (kind === 'http' && messages !== undefined) return true;
  const { type } = (ending ?? {}) as { readonly type?: unknown };
  return type === 'goaway' || isElsewhere(request) || isElsewhere(response);
}

/** Whether the body of a message lies in a file of its own. */
function isElsewhere(message: unknown): boolean {
  const { body } = (message ?? {}) as { readonly body?: unknown };
  return body !== undefined && !Buffer.isBuffer(body);
}
