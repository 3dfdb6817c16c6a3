import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';
import type { Answer } from '../../src/exchange/upstream.ts';
import { secure as secureWith } from '../../src/intake/secure.ts';
import { openAuthority } from '../../src/tls/tls.ts';
import { describeWhere } from '../skip.ts';
import type { Served } from '../wire/harness.ts';
import { withWire } from '../wire/harness.ts';

const folder = resolve('node_modules/.cache/h2spec');
const program = join(folder, 'h2spec');
const go = ['go', '/usr/local/go/bin/go'].find(runs);

/** What nghttp2, the library in Node, does otherwise than the suite has it; a bare server of Node fails the same. */
const otherwise: readonly string[] = [
  'closed: Sends a DATA frame after sending RST_STREAM frame',
  'closed: Sends a HEADERS frame after sending RST_STREAM frame',
  'closed: Sends a DATA frame',
  'closed: Sends a HEADERS frame',
  'Sends stream identifier that is numerically smaller than previous',
  'Sends PRIORITY frame that depend on itself',
  'Sends a PRIORITY frame with 0x0 stream identifier',
  'Sends a PING frame with ACK',
  'Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream',
];

const reason = 'there is no Go to build h2spec with';
describeWhere({ ok: go !== undefined, reason }, 'h2spec', () => {
  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    const what = 'github.com/summerwind/h2spec/cmd/h2spec';
    const cwd = resolve('test/conformance/h2spec');
    const env = { ...process.env, GOTOOLCHAIN: 'local' };
    execFileSync(go ?? '', ['build', '-mod=readonly', '-o', program, what], { cwd, env });
  }, 600_000);

  test.each([
    ['in plain text', false],
    ['over TLS', true],
  ])(
    'finds nothing %s but what is of Node itself',
    async (_how, secure) => {
      const directory = mkdtempSync(join(tmpdir(), 'magneto-h2spec-'));
      try {
        const authority = await openAuthority({ directory });
        const secureContext = await authority.contextFor('127.0.0.1');
        const within = async (socket: Socket): Promise<Duplex> =>
          (await secureWith(socket, { secureContext, protocol: 'h2' })).socket;
        const check = async ({ port }: Served): Promise<void> => {
          const report = join(directory, 'report.xml');
          await judge({ port, secure, report });
          const found = readReport(readFileSync(report, 'utf8'));
          expect(found.failed.toSorted()).toEqual(otherwise.toSorted());
          expect(found.total).toBe(145);
        };
        await withWire(answer, check, { kind: 'http2', ...(secure && { within }) });
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
    300_000,
  );
});

/** Comes late enough for what a case sends behind its request to meet a stream that is still open. */
async function answer(): Promise<Answer> {
  await sleep(50);
  const headers = [['content-type', 'text/plain']] as const;
  return {
    head: { status: 200, statusText: '', headers, httpVersion: '2.0' },
    body: Buffer.from('hello world '.repeat(20)),
    ending: { type: 'finished', trailers: [] },
    outcome: 'forwarded',
  };
}

interface Judging {
  readonly port: number;
  readonly secure: boolean;
  readonly report: string;
}

/** Runs all cases; one that fails makes its exit status one, and the report says which. */
async function judge({ port, secure, report }: Judging): Promise<void> {
  const tls = secure ? ['--tls', '--insecure'] : [];
  const args = ['-h', '127.0.0.1', '-p', String(port), '-o', '3', '-j', report, ...tls];
  await promisify(execFile)(program, args, { maxBuffer: 16 * 1024 * 1024 }).catch(() => {});
}

function readReport(xml: string): { readonly failed: readonly string[]; readonly total: number } {
  const cases = [
    ...xml.matchAll(/<testcase\b[^>]*classname="([^"]*)"[^>]*?(\/>|>[\s\S]*?<\/testcase>)/g),
  ];
  const failed = cases.filter(([, , inside]) => /<(?:failure|error)\b/.test(inside ?? ''));
  return { failed: failed.map(([, name]) => name ?? ''), total: cases.length };
}

function runs(command: string): boolean {
  try {
    execFileSync(command, ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
