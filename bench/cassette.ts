import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CassetteFormat } from '../src/cassette/cassette.ts';
import { openLibrary } from '../src/cassette/cassette.ts';
import { finished } from '../src/exchange/conversation.ts';
import type { Interaction } from '../src/exchange/interaction.ts';

// How long many small interactions take to be appended, to become a cassette, and to be read again:
//   node bench/cassette.ts [COUNT] [FORMAT...]

const [count = '100000', ...formats] = process.argv.slice(2);

for (const format of (formats.length > 0 ? formats : ['json', 'msgpack']) as CassetteFormat[]) {
  await measure(format, Number(count));
}

async function measure(format: CassetteFormat, interactions: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'magneto-bench-'));
  try {
    const warn = (line: string): void => console.error(line);
    const library = openLibrary({ directory, format, fsync: 'never', warn });
    const take = await library.record('c', { adds: false });
    const figures = {
      append: await timed(() => appendAll(interactions, (one) => take.append(one))),
      compact: await timed(() => take.finish()),
      load: await timed(async () => void (await library.load('c'))),
    };
    const mib = (statSync(join(directory, `c.${format}`)).size / 2 ** 20).toFixed(0);
    console.log(`${format}, ${interactions} interactions, ${mib} MiB:`, figures);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** As a busy proxy does: 64 exchanges at once. */
async function appendAll(
  interactions: number,
  append: (interaction: Interaction) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < interactions; at += 64) {
    const group = Array.from({ length: Math.min(64, interactions - at) }, (_, n) => small(at + n));
    await Promise.all(group.map(append));
  }
}

function small(sequence: number): Interaction {
  return {
    id: `i${String(sequence).padStart(6, '0')}`,
    kind: 'http',
    startedAt: '2026-11-20T12:00:00.000Z',
    sequence,
    request: {
      method: 'GET',
      destination: { host: 'api.example.org', port: 443, secure: true },
      path: `/items/${sequence}?page=1`,
      httpVersion: '1.1',
      headers: [
        ['Host', 'api.example.org'],
        ['Accept', 'application/json'],
        ['Authorization', 'Bearer secret'],
      ],
    },
    response: {
      status: 200,
      statusText: 'OK',
      httpVersion: '1.1',
      headers: [['Content-Type', 'application/json']],
      body: Buffer.from(`{"id":${sequence},"name":"item ${sequence}","tags":["a","b"]}`),
    },
    timing: { headMs: 1.5, endMs: 2.25 },
    ending: finished,
  };
}

async function timed(action: () => Promise<void>): Promise<string> {
  const started = performance.now();
  await action();
  return `${Math.round(performance.now() - started)} ms`;
}
