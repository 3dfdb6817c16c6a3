import type { Table } from './rule-text.ts';

/** One table as `iptables-save` prints it. */
export interface SavedTable {
  /** Each chain and its policy; `-` for one that is not the kernel's. */
  readonly chains: ReadonlyMap<string, string>;
  /** Lines that begin with `-A`, in order. */
  readonly rules: readonly string[];
}

/** What one kind of iptables holds, of one family. */
export type Saved = ReadonlyMap<string, SavedTable>;

/** Reads what `iptables-save` printed, with counters before the rules or without. */
export function readSaved(text: string): Saved {
  const tables = new Map<string, { chains: Map<string, string>; rules: string[] }>();
  let table: { chains: Map<string, string>; rules: string[] } | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      table = { chains: new Map(), rules: [] };
      tables.set(line.slice(1).trim(), table);
    }
    const [, name, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (name !== undefined && policy !== undefined) table?.chains.set(name, policy);
    if (/^(?:\[\d+:\d+\] )?-A /.test(line)) table?.rules.push(line.trim());
  }
  return tables;
}

/** Whether some table has a chain. */
export function holdsChain(saved: Saved, chain: string): boolean {
  return [...saved.values()].some(({ chains }) => chains.has(chain));
}

/** The rules of a chain, in order. */
export function rulesOf(saved: Saved, table: Table, chain: string): readonly string[] {
  return saved.get(table)?.rules.filter((line) => line.startsWith(`-A ${chain} `)) ?? [];
}
