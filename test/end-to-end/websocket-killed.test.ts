import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { startMagneto } from './child.ts';
import { tunnel } from './client.ts';
import { startOrigin } from './origin.ts';
import { modeIn, withFolder } from './with-appliance.ts';

test('a kill amid a session leaves what was said so far, and the replay is cut there', async () => {
  const origin = await startOrigin({
    talk: (socket) =>
      socket.on('message', (bytes: Buffer) => socket.send(`back: ${bytes.toString()}`)),
  });
  const address = `ws://localhost:${origin.httpPort}/talk`;
  const open = async (via: Parameters<typeof tunnel>[0]): Promise<WebSocket> => {
    const inner = await tunnel(via, `localhost:${origin.httpPort}`);
    const socket = new WebSocket(address, { createConnection: () => inner });
    socket.on('error', () => {});
    await once(socket, 'open');
    return socket;
  };
  const says = async (socket: WebSocket, words: string): Promise<string> => {
    socket.send(words);
    const [bytes] = (await once(socket, 'message')) as [Buffer];
    return bytes.toString();
  };
  await withFolder(async (folder) => {
    const recording = await startMagneto(modeIn(folder, 'record'));
    const socket = await open(recording.via);
    for (const words of ['one', 'two', 'three'])
      expect(await says(socket, words)).toBe(`back: ${words}`);
    // The log is written some ten milliseconds behind what is said.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await recording.stop('SIGKILL');
    await origin.stop();
    const replaying = await startMagneto(modeIn(folder, 'replay'));
    const again = await open(replaying.via);
    const closed = once(again, 'close');
    for (const words of ['one', 'two', 'three'])
      expect(await says(again, words)).toBe(`back: ${words}`);
    // Without a close frame: nobody knows how it would have ended.
    expect((await closed)[0]).toBe(1006);
    await replaying.stop();
  });
});
