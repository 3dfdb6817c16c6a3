// Records what has no end, in a process of its own, until it is killed:
//   node test/cassette/endless.ts DIRECTORY FSYNC
import { setTimeout } from 'node:timers/promises';
import { openLibrary, type FsyncPolicy } from '../../src/cassette/cassette.ts';
import { answer, says, startOf } from './talk.ts';

const [directory = '', fsync = 'interval'] = process.argv.slice(2);
const library = openLibrary({
  directory,
  format: 'json',
  fsync: fsync as FsyncPolicy,
  bodyFileBytes: 64 * 1024,
  warn: (line) => console.error(line),
});
const take = await library.record('c', { adds: false });
const headers = [['Authorization', 'Bearer c4n4ry']] as const;
const begin = (sequence: number, kind: 'http' | 'stream' | 'websocket') => {
  const start = startOf(sequence, kind);
  return take.begin({ ...start, request: { ...start.request, headers } });
};
const events = begin(0, 'http');
const socket = begin(1, 'websocket');
const stream = begin(2, 'stream');
const download = begin(3, 'http');
const hanging = begin(4, 'http');
for (const draft of [events, socket, download]) {
  draft.answered({ ...answer, headers: [['Set-Cookie', 'sid=c4n4ry']] });
}
void hanging.add(says('client', 'nobody answers this'));
await take.append({
  ...startOf(5),
  response: { ...answer, body: Buffer.from('whole') },
  timing: { headMs: 1, endMs: 2 },
  ending: { type: 'finished', trailers: [] },
});

for (let n = 0; ; n += 1) {
  const text = `${String(n).padStart(7, '0')};`;
  await events.add(says('server', text, n));
  await socket.add({ ...says(n % 2 === 0 ? 'client' : 'server', text, n), kind: 'text' });
  await stream.add(says(n % 2 === 0 ? 'server' : 'client', text, n));
  await download.add(says('server', text.repeat(1024), n));
  // What was said is told, so that it can be looked for; it has some time to come to the disk.
  console.log(n);
  await setTimeout(1);
}
