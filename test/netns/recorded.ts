import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Installed } from './transparent.ts';

interface Cassette {
  readonly interactions: readonly Readonly<Record<string, unknown>>[];
}

/** The HTTP and WebSocket interactions of a cassette, but for timing and what each handshake makes up. */
export async function exchanges({ folder }: Installed, name: string): Promise<readonly string[]> {
  const interactions = await interactionsIn(folder, name);
  return interactions
    .filter(({ kind }) => kind !== 'dns')
    .map((one) =>
      JSON.stringify(one, (key, value: unknown) => {
        if (key === 'startedAt' || key === 'timing' || key === 'atMs') return undefined;
        const fresh =
          Array.isArray(value) && /^sec-websocket-(key|accept)$/i.test(String(value[0]));
        return fresh ? undefined : value;
      }),
    );
}

/** The questions for names of a cassette, each with its answer. */
export async function lookups({ folder }: Installed, name: string): Promise<readonly unknown[]> {
  const interactions = await interactionsIn(folder, name);
  return interactions
    .filter(({ kind }) => kind === 'dns')
    .map(({ question, answer }) => ({ ...(question as object), ...(answer as object) }));
}

/** One of them that has an address. */
export function lookup(name: string, type: string, data: string): object {
  const asked = { name, type };
  return { ...asked, code: 'NOERROR', records: [{ ...asked, ttl: 30, data }] };
}

/** The receipt that stands in the log. */
export function receiptIn(log: string): Readonly<Record<string, unknown>> {
  const line = log.split('\n').find((one) => one.includes('"receipt":'));
  const { receipt } = JSON.parse(line ?? '{}') as { receipt: Readonly<Record<string, unknown>> };
  return receipt;
}

async function interactionsIn(folder: string, name: string): Promise<Cassette['interactions']> {
  const text = await readFile(join(folder, 'cassettes', `${name}.json`), 'utf8');
  return (JSON.parse(text) as Cassette).interactions;
}
