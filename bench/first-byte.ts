import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { startAppliance } from '../src/appliance.ts';
import { loadSettings } from '../src/config/config.ts';

// How much later the first bytes of a stream come while it is recorded, against the same server asked directly:
//   node bench/first-byte.ts [TIMES]
// Both are asked in turn, so that whatever else the machine does falls on both.

const times = Number(process.argv[2] ?? 500);
const agent = new Agent({ keepAlive: true });

const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.write('data: first\n\n');
  setTimeout(() => response.end('data: last\n\n'), 5);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

const directory = mkdtempSync(join(tmpdir(), 'magneto-bench-'));
const env = {
  MAGNETO_MODE: 'record',
  MAGNETO_PORT: '0',
  MAGNETO_CONTROL_PORT: '0',
  MAGNETO_HOST: '127.0.0.1',
  MAGNETO_CASSETTE_DIR: directory,
  MAGNETO_CERT_DIR: join(directory, 'certs'),
};
const log = pino({ level: 'silent' });
const appliance = await startAppliance({ settings: loadSettings({ env }).settings, log });
const proxyPort = appliance.addresses.proxy[0]?.port ?? 0;

const [direct, recorded] = [[], []] as [number[], number[]];
for (let turn = 0; turn < times; turn += 1) {
  direct.push(await firstByte(port, '/'));
  recorded.push(await firstByte(proxyPort, `http://127.0.0.1:${port}/`));
}
// The first ones find code that nobody has run yet.
const warm = Math.floor(times / 10);
const figures = { direct: spread(direct.slice(warm)), recorded: spread(recorded.slice(warm)) };
console.log(`first byte of a stream, ${times} times, in ms:`, figures);
console.log('added at the median:', (figures.recorded.p50 - figures.direct.p50).toFixed(3), 'ms');
console.log(
  'added at the 99th percentile:',
  (figures.recorded.p99 - figures.direct.p99).toFixed(3),
);

await appliance.stop();
agent.destroy();
server.closeAllConnections();
server.close();
rmSync(directory, { recursive: true, force: true });

/** Milliseconds until the first bytes of the body. */
async function firstByte(to: number, path: string): Promise<number> {
  const startedAt = performance.now();
  const asked = request({ host: '127.0.0.1', port: to, path, agent });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const ended = once(response, 'end');
  await once(response, 'data');
  const ms = performance.now() - startedAt;
  response.resume();
  await ended;
  await sleep(1);
  return ms;
}

function spread(all: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
