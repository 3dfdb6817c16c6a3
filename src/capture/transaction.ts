import type { ChainRules, Hook, Table, TableRules } from './rule-text.ts';
import { isOurs, jump, remarks, rule } from './rule-text.ts';
import type { Saved } from './saved.ts';
import { rulesOf } from './saved.ts';

/**
 * The input of `iptables-restore --noflush` that makes our part of a table what it should be. All of it is
 * one transaction, so that no packet meets half of it: there is no moment in which a chain of ours is
 * empty, or in which no jump leads into it. No chain of anybody else's is touched.
 */
export function putText(wanted: TableRules, saved: Saved): string {
  const { table, hooks } = wanted;
  const chains = marked(wanted, saved);
  const stale = chainsIn(saved, table).filter((name) => chains.every((one) => one.name !== name));
  return transaction(table, [
    ...chains.map(({ name }) => `:${name} - [0:0]`),
    ...unhooked(saved, table),
    ...stale.map((name) => `-F ${name}`),
    ...chains.flatMap((chain) => chain.rules),
    ...hooks.map((hook) => `-I ${jump(hook).replace(' ', ` ${placeOf(hook, table, saved)} `)}`),
    ...stale.map((name) => `-X ${name}`),
  ]);
}

/** Where the jump of a hook belongs: first of all, but behind other chains of magneto's. */
export function placeOf({ from }: Hook, table: Table, saved: Saved): number {
  const others = rulesOf(saved, table, from).filter((line) => !isOurs(targetOf(line)));
  const foreign = others.findIndex((line) => !targetOf(line).startsWith('MAGNETO_'));
  return 1 + (foreign === -1 ? others.length : foreign);
}

/** The input that takes all of ours out of a table; nothing where there is none. */
export function takeText(table: Table, saved: Saved): string | undefined {
  const chains = chainsIn(saved, table);
  if (chains.length === 0) return undefined;
  return transaction(table, [
    ...unhooked(saved, table),
    ...chains.map((name) => `-F ${name}`),
    ...chains.map((name) => `-X ${name}`),
  ]);
}

/** Our part of a table as it was saved, to put it back. */
export function savedRules(table: Table, saved: Saved): TableRules {
  const chains = chainsIn(saved, table).map((name) => ({
    name,
    rules: rulesOf(saved, table, name),
  }));
  const hooks = (['OUTPUT', 'PREROUTING', 'FORWARD'] as const).flatMap((from) =>
    chains
      .filter(({ name }) =>
        rulesOf(saved, table, from).includes(`-A ${jump({ from, into: name })}`),
      )
      .map(({ name }): Hook => ({ from, into: name })),
  );
  return { table, chains, hooks };
}

/** The chains of ours that a table has. */
export function chainsIn(saved: Saved, table: Table): readonly string[] {
  return [...(saved.get(table)?.chains.keys() ?? [])].filter(isOurs);
}

/** Whether we made the table, as a rule of ours in it says. */
export function madeByUs(saved: Saved, table: Table): boolean {
  return saved.get(table)?.rules.some((line) => line.includes(remarks.madeTable)) === true;
}

/** A table that was not there is ours to take away again, and says so as long as it stands. */
function marked({ table, chains }: TableRules, saved: Saved): readonly ChainRules[] {
  const [first, ...rest] = chains;
  const lines = chains.flatMap((chain) => chain.rules);
  const told = lines.some((line) => line.includes(remarks.madeTable));
  const foreign = saved.has(table) && !madeByUs(saved, table);
  if (first === undefined || told || foreign) return chains;
  return [
    { ...first, rules: [rule(first.name, '', { remark: 'madeTable' }), ...first.rules] },
    ...rest,
  ];
}

/** Each rule of somebody else's chain that leads into one of ours, taken out by its own words. */
function unhooked(saved: Saved, table: Table): readonly string[] {
  const from = (line: string): boolean => isOurs(line.split(' ')[1] ?? '');
  const rules = saved.get(table)?.rules ?? [];
  return rules
    .filter((line) => isOurs(targetOf(line)) && !from(line))
    .map((line) => line.replace('-A', '-D'));
}

/** The chain that a rule leads into; an empty text where it leads into none. */
function targetOf(line: string): string {
  return / -[jg] (\S+)$/.exec(line)?.[1] ?? '';
}

/** One step of `iptables-restore`: all of it, or nothing. */
export function transaction(table: Table, lines: readonly string[]): string {
  return [`*${table}`, ...lines, 'COMMIT', ''].join('\n');
}
