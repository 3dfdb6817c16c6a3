import { respReach, respWords } from '../support/resp.ts';
import type { Dialect, Meaning } from './dialect.ts';

const said: Meaning = { type: 'said' };
const reply: Meaning = { type: 'reply' };
const pong = Buffer.from('+PONG\r\n');
/** What a server says to subscribers at any time, whatever they asked. */
const published =
  /^[*>]\d+\r\n\$\d+\r\n(?:[ps]?message|[ps]?(?:un)?subscribe|invalidate|pong)\r\n/i;
const subscribing = /^[PS]?(?:UN)?SUBSCRIBE$/;

/**
 * Redis: each command is answered in its turn. Clients say who they are, and are asked whether they
 * are still there, by the clock.
 */
export const redis: Dialect = {
  name: 'Redis',
  cut: respReach,
  meaning(bytes, from) {
    if (from === 'client') return commandMeaning(respWords(bytes) ?? []);
    return published.test(bytes.toString('latin1', 0, 64)) ? said : reply;
  },
  repliesTo: (asked) => (subscribing.test(nameOf(asked)) ? 0 : 1),
  waits(asked) {
    const words = (respWords(asked) ?? []).map((word) => word.toUpperCase());
    return /^B(?:L|R|Z)/.test(words[0] ?? '') || words.includes('BLOCK') || words[0] === 'WAIT';
  },
};

/** Whether a client speaks it, by its first bytes. */
export function beginsRedis(client: Buffer): boolean {
  return /^\*\d{1,7}\r\n\$\d{1,10}\r\n/.test(client.toString('latin1', 0, 32));
}

function commandMeaning(words: readonly string[]): Meaning {
  const [name = '', first = '', second = ''] = words.map((word) => word.toUpperCase());
  if (name === 'PING' && words.length === 1) return { type: 'idle', reply: pong };
  // What a client says of itself: its library and version, its name, its password.
  if (name === 'CLIENT') return { type: 'said', key: clientKey(first, second) };
  if (name === 'HELLO') return { type: 'said', key: `HELLO ${first}` };
  return name === 'AUTH' ? { type: 'said', key: 'AUTH' } : said;
}

function clientKey(what: string, first: string): string {
  return what === 'SETNAME' ? 'CLIENT SETNAME' : `CLIENT ${what} ${first}`;
}

function nameOf(asked: Buffer): string {
  return respWords(asked)?.[0]?.toUpperCase() ?? '';
}
