import { get } from 'node:http';
import { text } from 'node:stream/consumers';

// asker.ts NAME COUNT ADDRESS…: a client that asks each of some addresses in turn, many at once, each time
// on a new connection, which of the world's addresses it has reached; prints how many were others.

const [name = '', count = '0', ...addresses] = process.argv.slice(2);
const atOnce = 50;
let next = 0;
let wrong = 0;

async function ask(number: number): Promise<void> {
  const host = addresses[number % addresses.length] ?? '';
  const path = `/at/${name}/${number}`;
  const body = await new Promise<string>((resolve, reject) => {
    get({ host, path, agent: false, timeout: 20_000 }, (answer) => {
      text(answer).then(resolve, reject);
    }).on('error', reject);
  });
  const told = JSON.parse(body) as { readonly at?: string; readonly path?: string };
  if (told.at !== host || told.path !== path) wrong += 1;
}

async function askOn(): Promise<void> {
  while (next < Number(count)) {
    next += 1;
    await ask(next - 1);
  }
}

await Promise.all(Array.from({ length: atOnce }, askOn));
process.stdout.write(`${next} asked, ${wrong} wrong\n`);
