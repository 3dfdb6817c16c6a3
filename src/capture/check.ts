import type { Machine } from './apply.ts';
import { thisMachine } from './apply.ts';
import type { Place } from './backend.ts';
import { holdsOurs, restore, survey } from './backend.ts';
import { filterTable } from './filter.ts';
import { redirectTable } from './redirect.ts';
import type { Rules } from './rules.ts';
import type { Family, TableRules } from './rule-text.ts';
import { jump, ownChains, remarks } from './rule-text.ts';
import type { Saved } from './saved.ts';
import { holdsChain, rulesOf } from './saved.ts';
import { placeOf, transaction } from './transaction.ts';

/**
 * Compares the rules that stand with those that should; gives one line for each difference, none where
 * there is none.
 * @throws Failure NET_ADMIN_MISSING, NAT_UNAVAILABLE
 */
export async function checkRules(
  rules: Rules,
  machine: Machine = thisMachine,
): Promise<readonly string[]> {
  const found = await survey(machine.run);
  const [backend, more] = [...found.keys()].filter((kind) => holdsOurs(found.get(kind)));
  if (backend === undefined) return ['no rules of magneto stand here'];
  const differences =
    more === undefined ? [] : [`rules of magneto stand in both iptables-${backend} and -${more}`];
  for (const family of ['v4', 'v6'] as const) {
    const saved = found.get(backend)?.[family] ?? new Map();
    for (const wanted of wantedTables(rules, family, { saved, machine })) {
      differences.push(...(await compare({ machine, backend, family, saved }, wanted)));
    }
  }
  return differences;
}

interface Standing extends Place {
  readonly machine: Machine;
  readonly saved: Saved;
}

/** What this kernel could not do is not missed: applying has said so. */
function wantedTables(
  rules: Rules,
  family: Family,
  { saved, machine }: Pick<Standing, 'saved' | 'machine'>,
): readonly TableRules[] {
  const [output] = ownChains.nat;
  const [filter, , count] = ownChains.filter;
  const captured = family === 'v4' || holdsChain(saved, output);
  if (!captured && !machine.hasIpv6()) return [];
  const counted = rules.sealed || holdsChain(saved, count) || !holdsChain(saved, filter);
  const refusals = filterTable(rules, family, { counted, captured });
  return captured ? [redirectTable(rules, family), refusals] : [refusals];
}

async function compare(standing: Standing, wanted: TableRules): Promise<readonly string[]> {
  const { saved, family } = standing;
  const { table, chains, hooks } = wanted;
  const asWanted = await spelt(standing, wanted);
  const differences = chains.flatMap(({ name }) => {
    const should = asWanted.get(name) ?? [];
    const stands = rulesOf(saved, table, name).filter((line) => !line.includes(remarks.madeTable));
    return differing(should, stands);
  });
  const hooked = hooks
    .filter((hook) => {
      const place = placeOf(hook, table, saved);
      return rulesOf(saved, table, hook.from)[place - 1] !== `-A ${jump(hook)}`;
    })
    .map(({ from, into }) => `the first rule of ${from} does not lead into ${into}`);
  return [...differences, ...hooked].map((line) => `${family} ${table}: ${line}`);
}

function differing(should: readonly string[], stands: readonly string[]): readonly string[] {
  const missing = should.filter((line) => !stands.includes(line)).map((line) => `missing: ${line}`);
  const extra = stands.filter((line) => !should.includes(line)).map((line) => `unknown: ${line}`);
  if (missing.length + extra.length > 0) return [...missing, ...extra];
  const place = should.findIndex((line, index) => stands[index] !== line);
  return place === -1 && stands.length === should.length
    ? []
    : [`not in its place: ${should[place] ?? stands.at(-1) ?? ''}`];
}

/**
 * The rules as this release of iptables spells them. It alone knows, so it is handed them, in chains that
 * nothing leads into, and asked.
 */
async function spelt(
  { machine, backend, family }: Standing,
  { table, chains }: TableRules,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const place = { backend, family };
  const lines = chains.flatMap((chain) => chain.rules);
  const aside = lines.map((line) => line.replaceAll(ours, '$1CHECK_$2'));
  const names = chains.map(({ name }) => name.replace(ours, '$1CHECK_$2'));
  await restore(
    machine.run,
    place,
    transaction(table, [...names.map((name) => `:${name} - [0:0]`), ...aside]),
  );
  try {
    const saved = (await survey(machine.run)).get(backend)?.[family] ?? new Map();
    const entries = chains.map(({ name }, index) => {
      const rules = rulesOf(saved, table, names[index] ?? '');
      return [name, rules.map((line) => line.replaceAll('MAGNETO_CHECK_', 'MAGNETO_'))] as const;
    });
    return new Map(entries);
  } finally {
    const gone = [...names.map((name) => `-F ${name}`), ...names.map((name) => `-X ${name}`)];
    await restore(machine.run, place, transaction(table, gone));
  }
}

const ours = /\b(MAGNETO_)(?!CHECK_)([A-Z]+)\b/g;
