// An application of Node's: asks each http(s) address with fetch, talks to each ws(s) address, and
// prints what it was told. FETCH_CLIENT_WS=ws takes the library instead of the WebSocket of Node.
import { once } from 'node:events';
import { WebSocket as LibrarySocket } from 'ws';

async function ask(base: string): Promise<void> {
  const got = await fetch(`${base}/things?page=2`);
  console.log(got.status, await got.text());
  const posted = await fetch(`${base}/things`, { method: 'POST', body: 'magnetite' });
  console.log(posted.status, await posted.text());
}

async function talk(url: string): Promise<void> {
  const Socket = process.env['FETCH_CLIENT_WS'] === 'ws' ? LibrarySocket : WebSocket;
  const socket = new Socket(url);
  const lines: string[] = [];
  socket.addEventListener('message', ({ data }: { data: unknown }) => {
    lines.push(String(data));
    if (lines.length === 1) socket.send('north');
    else socket.close(1000, 'done');
  });
  const [event] = (await Promise.race([
    once(socket as unknown as EventTarget, 'close'),
    once(socket as unknown as EventTarget, 'error').then(() => {
      throw new Error(`${url} failed`);
    }),
  ])) as [{ code: number }];
  console.log(lines.join(', '), event.code);
}

for (const url of process.argv.slice(2)) {
  await (url.startsWith('ws') ? talk(url) : ask(url));
}
process.exit(0);
