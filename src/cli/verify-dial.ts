import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:http';
import { connect } from 'node:net';
import type { Probe, ProbeEnding, ProbeResult } from '../capture/capture.ts';
import { judge, pathOf, readAnswer } from '../capture/capture.ts';
import { errorCode, errorWords } from '../support/system-error.ts';

/** A round of test connections. */
export interface Round {
  readonly probes: readonly Probe[];
  /** The run that has to answer; any, where it is not known. */
  readonly run: string | undefined;
  /** How long each connection may take. */
  readonly limitMs: number;
}

/** How many connections of a round are open at once. */
const atOnce = 32;

/** Makes a round of test connections, and judges each. */
export async function dialRound(round: Round): Promise<readonly ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (let at = 0; at < round.probes.length; at += atOnce) {
    const some = round.probes.slice(at, at + atOnce);
    results.push(...(await Promise.all(some.map((probe) => dial(round, probe)))));
  }
  return results;
}

/** Whether an address has a route: asked of the kernel by a datagram socket, which sends nothing. */
export async function isReachable(address: string): Promise<boolean> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.connect(53, address, (error?: unknown) => resolve(errorCode(error) === undefined));
    });
  } finally {
    socket.close();
  }
}

/** Whether anybody listens on a port of this machine's loopback. */
export async function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.once('connect', () => socket.destroy());
  });
}

async function dial({ probes, run, limitMs }: Round, probe: Probe): Promise<ProbeResult> {
  const nonce = randomBytes(16).toString('hex');
  const ending = await ask(probe, pathOf(nonce, probes), limitMs);
  return judge(probe, { nonce, run }, ending);
}

async function ask(probe: Probe, path: string, limitMs: number): Promise<ProbeEnding> {
  const signal = AbortSignal.timeout(limitMs);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = get(
        {
          host: probe.address,
          port: probe.port,
          path,
          headers: { Host: 'magneto.local' },
          signal,
          // An agent of its own: the global one would go through a proxy where the environment names one.
          agent: false,
        },
        resolve,
      );
      request.on('error', reject);
    });
    return answered(response, await bodyOf(response));
  } catch (error) {
    return signal.aborted
      ? { how: 'timedOut', words: `no answer within ${limitMs} ms` }
      : ended(error);
  }
}

/** Of a stranger's answer no more is read than ours could have. */
const bodyCharactersMax = 4096;

async function bodyOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > bodyCharactersMax) response.destroy();
  }
  return text;
}

function answered({ statusCode, headers }: IncomingMessage, body: string): ProbeEnding {
  const answer = statusCode === 200 ? readAnswer(body) : undefined;
  if (answer !== undefined) return { how: 'answered', answer };
  const failure = headers['x-magneto-failure'];
  const said = `answered with HTTP status ${statusCode}`;
  return typeof failure === 'string'
    ? { how: 'turnedAway', words: `${said} (${failure})` }
    : { how: 'stranger', words: `${said} (somebody else)` };
}

const endings: Readonly<Record<string, Exclude<ProbeEnding['how'], 'answered'>>> = {
  ECONNREFUSED: 'refused',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EAFNOSUPPORT: 'unreachable',
  ETIMEDOUT: 'timedOut',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
};

const words: Readonly<Record<string, string>> = {
  refused: 'was refused',
  unreachable: 'has no route',
  timedOut: 'timed out',
  reset: 'was reset',
};

function ended(error: unknown): ProbeEnding {
  const code = errorCode(error) ?? '';
  // More was said than magneto ever says, and was cut off.
  if (code === 'ERR_STREAM_PREMATURE_CLOSE') {
    return { how: 'stranger', words: 'answered at length by somebody else' };
  }
  if (code.startsWith('HPE_')) {
    return { how: 'stranger', words: 'answered by somebody who speaks no HTTP' };
  }
  const how = endings[code] ?? 'failed';
  return { how, words: `${words[how] ?? errorWords(error)} (${code})` };
}
