import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Settings } from '../config/config.ts';
import { loadSettings } from '../config/config.ts';
import { urlHost } from '../exchange/destination.ts';
import { Failure, failureLine } from '../exchange/failure.ts';
import { errorCode, errorWords } from '../support/system-error.ts';
import type { Writer } from './log.ts';

/** What the verb needs. */
export interface HealthCheck {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: Writer;
  /** How long it waits at most (5 s). */
  readonly limitMs?: number;
}

/** Asks the control plane of the same settings whether it is ready, says so in one line: 0 if it is, else 1. */
export async function health({ env, stdout, limitMs = 5000 }: HealthCheck): Promise<number> {
  const { ready, words } = await ask(env, AbortSignal.timeout(limitMs)).catch((error: unknown) => ({
    ready: false,
    words: failureWords(error, limitMs),
  }));
  stdout.write(`${ready ? 'ready' : 'unready'}: ${words}\n`);
  return ready ? 0 : 1;
}

interface Finding {
  readonly ready: boolean;
  readonly words: string;
}

async function ask(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Finding> {
  return finding(await askControl(loadSettings({ env }).settings, signal));
}

/**
 * What `GET /health` says under some settings, parsed; rejects where nobody answers.
 * @throws Failure OPTION_INVALID
 */
export async function askControl(
  { controlHosts, controlPort }: Pick<Settings, 'controlHosts' | 'controlPort'>,
  signal: AbortSignal,
): Promise<unknown> {
  if (controlPort === 0) {
    throw new Failure('OPTION_INVALID', 'MAGNETO_CONTROL_PORT is 0, so nobody knows where to ask');
  }
  const targets = controlHosts.map((host) => ({ host: reachable(host), port: controlPort }));
  let refused: unknown;
  for (const target of targets) {
    try {
      return JSON.parse(await fetchControl(target, '/health', signal)) as unknown;
    } catch (error) {
      // Not there, perhaps because the machine has no IPv6: the next address may be.
      if (signal.aborted) throw error;
      refused = error;
    }
  }
  throw refused;
}

/** Where to ask. */
interface Target {
  readonly host: string;
  readonly port: number;
}

/** The body of a page of the control plane; rejects where nobody answers. */
export async function fetchControl(
  { host, port }: Target,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const url = `http://${urlHost(host)}:${port}${path}`;
  return new Promise((resolve, reject) => {
    // An agent of its own: the global one would go through a proxy where the environment names one.
    const request = get(url, { signal, agent: false }, (response) => {
      text(response).then(resolve, reject);
    });
    request.on('error', reject);
  });
}

function finding(answer: unknown): Finding {
  if (typeof answer !== 'object' || answer === null) return { ready: false, words: 'no health' };
  const { status, reason, mode, cassette, interactions } = answer as Readonly<
    Record<string, unknown>
  >;
  const ready = status === 'ready';
  const facts = `${String(mode)}, cassette ${String(cassette)}, ${String(interactions)} interactions`;
  return { ready, words: ready ? facts : typeof reason === 'string' ? reason : 'no reason given' };
}

/** A wildcard is an address to listen on, not one to ask. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function failureWords(error: unknown, limitMs: number): string {
  if (error instanceof Failure) return failureLine(error);
  const name = typeof error === 'object' && error !== null && 'name' in error ? error.name : '';
  if (name === 'AbortError' || name === 'TimeoutError') return `no answer within ${limitMs} ms`;
  if (errorCode(error) === 'ECONNREFUSED') return 'nothing listens on the control port';
  return errorWords(error);
}
