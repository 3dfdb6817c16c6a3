import type {
  Interaction,
  RecordedMessage,
  RecordedRequest,
  RecordedResponse,
} from '../exchange/interaction.ts';
import type { Draft, DraftStart } from './cassette.ts';

/** Makes a draft that is kept in memory, and appended as a whole. */
export function createDraft(
  start: DraftStart,
  append: (interaction: Interaction) => Promise<void>,
): Draft {
  const said: RecordedMessage[] = [];
  let answered: RecordedResponse | undefined;
  return {
    answered(response) {
      answered = response;
    },
    add(message) {
      said.push(message);
      return undefined;
    },
    finish(end) {
      const whole = { ...start, ...(answered === undefined ? {} : { response: answered }), ...end };
      return append(start.kind === 'http' ? withBodies(whole, said) : withMessages(whole, said));
    },
  };
}

function withMessages(whole: Interaction, said: readonly RecordedMessage[]): Interaction {
  return { ...whole, messages: whole.messages ?? said };
}

/** The pieces of HTTP bodies, put together; those of the response are told as its chunks. */
function withBodies(whole: Interaction, said: readonly RecordedMessage[]): Interaction {
  const { request, response } = whole;
  return {
    ...whole,
    request: { ...bodyOf(said, 'client'), ...request },
    ...(response === undefined
      ? {}
      : { response: { ...bodyOf(said, 'server'), ...chunksOf(said), ...response } }),
  };
}

function bodyOf(
  said: readonly RecordedMessage[],
  side: RecordedMessage['from'],
): Pick<RecordedRequest, 'body'> {
  const pieces = said.filter(({ from, kind }) => from === side && kind === 'data');
  return pieces.length === 0 ? {} : { body: Buffer.concat(pieces.map(({ bytes }) => bytes)) };
}

function chunksOf(said: readonly RecordedMessage[]): Pick<RecordedResponse, 'chunks'> {
  const pieces = said.filter(({ from, kind }) => from === 'server' && kind === 'data');
  if (pieces.length < 2) return {};
  return { chunks: pieces.map(({ atMs, bytes }) => ({ atMs, bytes: bytes.length })) };
}
