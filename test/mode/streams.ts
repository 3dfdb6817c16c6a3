import type { Ending } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Interaction, RecordedMessage } from '../../src/exchange/interaction.ts';
import type { Script } from '../../src/replay/stream-script.ts';
import { interaction } from './harness.ts';

/** Who said what: `>` the client, `<` the server; alone, that it has said its last. Ten milliseconds lie between. */
export type Said = `${'>' | '<'}${string}`;

/** A raw stream in which this was said. */
export function stream(said: readonly Said[], changes: Partial<Interaction> = {}): Interaction {
  const messages = said.map((one, at): RecordedMessage => {
    const bytes = Buffer.from(one.slice(1), 'latin1');
    const kind = bytes.length === 0 ? 'end' : 'data';
    return { from: one.startsWith('>') ? 'client' : 'server', atMs: 10 * at, kind, bytes };
  });
  const destination = { host: 'far.test', port: 7, secure: false };
  const ending: Ending = said.includes('<') ? finished : { type: 'cut', by: 'client' };
  const { request, ...rest } = changes;
  return interaction({
    kind: 'stream',
    response: 'none',
    messages,
    ending,
    timing: { endMs: 10 * said.length },
    request: { method: '', destination, path: '', httpVersion: '', ...request },
    ...rest,
  });
}

/** All that a script has to say by now; `.` is its end. */
export function linesOf({ said }: Pick<Script, 'said'>): string {
  return said.map(({ bytes }) => bytes?.toString('latin1') ?? '.').join('');
}

/** A command as Redis clients write it. */
export function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}
