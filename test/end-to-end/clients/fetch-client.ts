// Node's own fetch through the proxy that the environment names. Arguments: base URLs.
import { createHash } from 'node:crypto';

for (const argument of process.argv.slice(2)) {
  const base = argument.replace('nginx+', '');
  if (argument.startsWith('nginx+')) {
    await show(`${base}/hello.txt?by=fetch`);
    await show(`${base}/long.txt?by=fetch`);
    await show(`${base}/moved?by=fetch`);
    await show(`${base}/teapot?by=fetch`);
  } else {
    await show(`${base}/a?by=fetch`);
    await show(`${base}/a?by=fetch`);
    await show(`${base}/chunked?by=fetch`);
    await show(`${base}/post?by=fetch`, { method: 'POST', body: JSON.stringify({ by: 'fetch' }) });
    await show(`${base}/put?by=fetch`, { method: 'PUT', body: new Uint8Array(70_000).fill(7) });
  }
}

async function show(url: string, options: RequestInit = {}): Promise<void> {
  const response = await fetch(url, options);
  const body = Buffer.from(await response.arrayBuffer());
  const digest = createHash('sha256').update(body).digest('hex');
  process.stdout.write(`${response.status} ${response.statusText} ${response.redirected}\n`);
  process.stdout.write(`${JSON.stringify([...response.headers])}\n${body.length} ${digest}\n`);
}
