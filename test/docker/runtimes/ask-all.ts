// Runs inside the container of the runtimes: each of them once, told of the trust kit in one of three ways,
// and prints what came of it as JSON.
//   ask-all.ts light|heavy nothing|alone|all
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Runtime, runtimes } from './runtimes.ts';

const run = promisify(execFile);
const [form, told] = process.argv.slice(2);
type Variables = Readonly<Record<string, string>>;

/** `alone`: what the runtime is said to read, and not a variable more. */
function named({ told: by }: Runtime): Variables {
  if (!('variables' in by)) return {};
  const lines = readFileSync('/trust/magneto.env', 'utf8').split('\n');
  const values = new Map(lines.map((line) => [line.split('=', 1)[0] ?? '', line]));
  return Object.fromEntries(
    by.variables.map((name) => {
      const line = values.get(name);
      if (line === undefined) throw new Error(`magneto.env has no ${name}`);
      return [name, line.slice(name.length + 1)];
    }),
  );
}

/** `all`: what a shell has that has read `magneto.sh`. */
async function sourced(): Promise<Variables> {
  const { stdout } = await run('sh', ['-c', '. /trust/magneto.sh; env -0'], { env: base() });
  const pairs = stdout.split('\0').filter((pair) => pair.includes('='));
  const parts = pairs.map((pair): readonly [string, string] => {
    const [name = ''] = pair.split('=', 1);
    return [name, pair.slice(name.length + 1)];
  });
  return Object.fromEntries(parts);
}

function base(): Variables {
  const home = mkdtempSync('/tmp/home-');
  return { PATH: process.env['PATH'] ?? '', HOME: home, LANG: 'C.UTF-8' };
}

interface Ended {
  readonly status: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

async function sh(script: string, env: Variables): Promise<Ended> {
  try {
    const options = { env: { ...env }, timeout: 30_000 };
    return { status: 0, ...(await run('sh', ['-c', script], options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown } & Omit<Ended, 'status'>;
    return { status: code, stdout, stderr };
  }
}

async function variablesFor(runtime: Runtime): Promise<Variables> {
  if (told === 'nothing') return base();
  return told === 'alone' ? { ...base(), ...named(runtime) } : { ...(await sourced()), ...base() };
}

let installed = false;
const rows: unknown[] = [];
for (const runtime of runtimes) {
  if (runtime.form === 'heavy' && form === 'light') continue;
  if (runtime.installs && told !== 'nothing' && !installed) {
    await run('sh', ['/trust/install-ca.sh']);
    installed = true;
  }
  const { stdout, stderr } = await sh(runtime.version, base());
  const version = /\d+(\.\d+)+/.exec(`${stdout}\n${stderr}`)?.[0];
  const ended = await sh(runtime.command, await variablesFor(runtime));
  rows.push({ name: runtime.name, version, ...ended });
}
console.log(JSON.stringify(rows));
