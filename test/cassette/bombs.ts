// Records the bodies that it is told of (coding, base64) as JSON, reads them again, and says what memory that took:
//   node test/cassette/bombs.ts DIRECTORY < BODIES
import { readFileSync } from 'node:fs';
import { openLibrary } from '../../src/cassette/cassette.ts';
import { sample } from './samples.ts';

const [directory = ''] = process.argv.slice(2);
const told = JSON.parse(readFileSync(0, 'utf8')) as Readonly<Record<string, string>>;
const library = openLibrary({ directory, format: 'json', fsync: 'never', warn: () => {} });
const interactions = Object.entries(told).map(([coding, base64], sequence) => {
  const body = Buffer.from(base64, 'base64');
  const headers = [['Content-Encoding', coding]] as const;
  return sample(sequence, { request: { headers, body }, response: { headers, body } });
});
const before = process.resourceUsage().maxRSS;
const take = await library.record('c', { adds: false });
for (const one of interactions) await take.append(one);
await take.finish();
const recording = await library.load('c');
const same = recording.interactions.every(({ request, response }, place) => {
  const body = interactions[place]?.request.body ?? Buffer.alloc(0);
  return request.body?.equals(body) === true && response?.body?.equals(body) === true;
});
const grownMib = (process.resourceUsage().maxRSS - before) / 1024;
process.stdout.write(JSON.stringify({ count: recording.interactions.length, same, grownMib }));
