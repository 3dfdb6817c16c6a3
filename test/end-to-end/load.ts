import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** What each request was answered with, of those whose answer was read to its end. */
export type Answers = ReadonlyMap<string, Buffer>;

/** Many requests through a proxy over kept connections. */
export interface Load {
  readonly proxyPort: number;
  /** Absolute URLs. */
  readonly urls: readonly string[];
  readonly connections: number;
  /** Told after each answer how many there are. */
  readonly onAnswer?: (count: number) => void;
}

/** Asks for every URL, and goes on when requests fail; resolves when none is left. */
export async function ask({ proxyPort, urls, connections, onAnswer }: Load): Promise<Answers> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const answers = new Map<string, Buffer>();
  const left = [...urls];
  const work = async (): Promise<void> => {
    for (let url = left.shift(); url !== undefined; url = left.shift()) {
      const body = await askOne(agent, proxyPort, url).catch(() => undefined);
      if (body === undefined) continue;
      answers.set(url, body);
      onAnswer?.(answers.size);
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  agent.destroy();
  return answers;
}

function askOne(agent: Agent, port: number, url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = { Host: new URL(url).host };
    const sent = request({ agent, port, path: url, headers }, (response: IncomingMessage) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      buffer(response).then(resolve, reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}
