import type { Cut, Dialect, Meaning } from './dialect.ts';

/** The longest control line that is looked for (the server's own limit is 4 KiB; INFO is longer). */
const lineBytesMax = 64 * 1024;
const idle: Meaning = { type: 'idle' };
const ping: Meaning = { type: 'idle', reply: Buffer.from('PONG\r\n') };
const said: Meaning = { type: 'said' };

/**
 * NATS: lines, and after some of them a payload. CONNECT tells of the client's library and signs a
 * nonce; PING and PONG come by the clock of either side.
 */
export const nats: Dialect = {
  name: 'NATS',
  cut(bytes) {
    const end = bytes.indexOf('\n');
    if (end === -1) return bytes.length > lineBytesMax ? 'broken' : 'more';
    const line = bytes.toString('latin1', 0, end).trimEnd();
    return withPayload(bytes, end + 1, /^(?:H?PUB|H?MSG)\s.*?(\d+)$/i.exec(line)?.[1]);
  },
  meaning(bytes, from) {
    const word = /^[+\w]+/.exec(bytes.toString('latin1', 0, 16))?.[0].toUpperCase();
    if (word === 'PING') return from === 'client' ? ping : idle;
    if (word === 'PONG') return idle;
    return word === 'CONNECT' ? { type: 'said', key: 'CONNECT' } : said;
  },
};

/** Whether a server speaks NATS, by its first words. */
export function beginsNats(server: Buffer): boolean {
  return server.toString('latin1', 0, 6) === 'INFO {';
}

function withPayload(bytes: Buffer, line: number, size: string | undefined): Cut {
  if (size === undefined) return line;
  const length = line + Number(size) + 2;
  return bytes.length < length ? 'more' : length;
}
