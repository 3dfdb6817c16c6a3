import type { Stage } from '../mode/mode.ts';
import type { Reply } from './reply.ts';
import { failureReply, jsonReply } from './reply.ts';

/** What the control plane shows of replayed WebSockets, and does with them. */
export interface WebSocketPage {
  readonly method: 'GET' | 'POST';
  /** Whether it changes the run, or tells what clients and servers say. */
  readonly guarded: boolean;
  readonly reply: (stage: Stage, target: string) => Reply;
}

const base = '/websockets';

/** The page at a path: the sessions, one of them with its next message, going on, beginning anew. */
export function websocketPage(path: string): WebSocketPage | undefined {
  if (path === base) return list;
  if (path === `${base}/reset`) return reset;
  const [, id, verb] = /^\/websockets\/([\w-]+)(\/advance)?$/.exec(path) ?? [];
  if (id === undefined) return undefined;
  return verb === undefined ? peek(id) : advance(id);
}

const list: WebSocketPage = {
  method: 'GET',
  guarded: false,
  reply: (stage) => jsonReply(200, stage.list()),
};

const reset: WebSocketPage = {
  method: 'POST',
  guarded: true,
  reply(stage, target) {
    const query = new URLSearchParams(target.split('?').slice(1).join('?'));
    return jsonReply(200, { reset: stage.reset(query.get('url') ?? undefined) });
  },
};

function peek(id: string): WebSocketPage {
  return {
    method: 'GET',
    guarded: true,
    reply(stage) {
      const session = stage.peek(id);
      return session === undefined ? unknown(id) : jsonReply(200, session);
    },
  };
}

function advance(id: string): WebSocketPage {
  return {
    method: 'POST',
    guarded: true,
    reply(stage) {
      const session = stage.advance(id);
      if (session === 'unknown') return unknown(id);
      if (session !== 'not triggered') return jsonReply(200, session);
      return failureReply('WEBSOCKET_NOT_TRIGGERED', `${id} is not replayed as triggered`);
    },
  };
}

function unknown(id: string): Reply {
  return failureReply('WEBSOCKET_UNKNOWN', `there is no session ${id}`);
}
