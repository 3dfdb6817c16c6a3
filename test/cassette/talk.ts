import type { Draft, DraftStart, Take } from '../../src/cassette/cassette.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type {
  Interaction,
  RecordedMessage,
  RecordedResponse,
  StoredBody,
} from '../../src/exchange/interaction.ts';
import type { Folder } from './folder.ts';
import { sample, streamRequest } from './samples.ts';

/** Something that a side says in a draft. */
export function says(from: RecordedMessage['from'], text: string, atMs = 1): RecordedMessage {
  return { from, atMs, kind: 'data', bytes: Buffer.from(text) };
}

/** What a draft begins with: a sample that was asked, and not answered. */
export function startOf(sequence: number, kind: Interaction['kind'] = 'http'): DraftStart {
  const { id, startedAt, request } = sample(sequence);
  const asked = kind === 'stream' ? streamRequest(request.destination) : request;
  return { id, kind, startedAt, sequence, request: asked };
}

/** The head of an answer. */
export const answer: RecordedResponse = {
  status: 200,
  statusText: 'OK',
  httpVersion: '1.1',
  headers: [],
};

/** How most drafts end. */
export const end = { timing: { headMs: 1, endMs: 9 }, ending: finished } as const;

/** Begins a draft that was answered already. */
export function answered(take: Take, sequence: number): Draft {
  const draft = take.begin(startOf(sequence));
  draft.answered(answer);
  return draft;
}

/** What of a take would be found by now, were magneto killed; once it has so many interactions. */
export async function foundOnceThere(
  folder: Folder,
  isThere: (found: readonly Interaction[]) => boolean,
): Promise<readonly Interaction[]> {
  for (const deadline = Date.now() + 20_000; ; ) {
    const { interactions } = await folder.library().load('c');
    if (isThere(interactions)) return interactions;
    if (Date.now() > deadline) throw new Error(`not found: ${JSON.stringify(interactions)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** All bytes of a body, wherever they are. */
export async function bytesOf(
  message: { readonly body?: Buffer; readonly stored?: StoredBody } | undefined,
): Promise<Buffer> {
  const pieces: Buffer[] = message?.body === undefined ? [] : [message.body];
  for await (const piece of message?.stored?.read() ?? []) pieces.push(piece);
  return Buffer.concat(pieces);
}
