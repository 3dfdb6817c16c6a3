import type { Backend, Place, Survey } from './backend.ts';
import { restore, survey } from './backend.ts';
import type { Run } from './command.ts';
import { runCommand } from './command.ts';
import type { Table } from './rule-text.ts';
import type { Saved } from './saved.ts';
import { chainsIn, madeByUs, takeText } from './transaction.ts';

const families = ['v4', 'v6'] as const;
const tables = ['filter', 'nat'] as const;

/**
 * Removes whatever rules of ours stand in the network namespace of this process, and nothing else; gives
 * the tables that we made and that stay, empty, as no command here removes them: `nat of iptables-nft`.
 * @throws Failure NET_ADMIN_MISSING, NAT_UNAVAILABLE
 */
export async function removeRules(run: Run = runCommand): Promise<readonly string[]> {
  return removeFrom(run, await survey(run), () => true);
}

/** Removes our rules from some of the kinds of iptables. */
export async function removeFrom(
  run: Run,
  found: Survey,
  which: (backend: Backend) => boolean,
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const [backend, saved] of found) {
    if (!which(backend)) continue;
    for (const family of families) {
      for (const table of tables) {
        const stays = await clear(run, { backend, family, table }, saved[family]);
        if (stays) left.push(words({ backend, family, table }));
      }
    }
  }
  return left;
}

interface Spot extends Place {
  readonly table: Table;
}

/** Takes our part out of a table, and the table where it was ours; whether such a one stays. */
async function clear(run: Run, spot: Spot, saved: Saved): Promise<boolean> {
  const text = takeText(spot.table, saved);
  if (text === undefined) return false;
  await restore(run, spot, text);
  if (!madeByUs(saved, spot.table) || !bare(saved, spot.table)) return false;
  if (spot.backend === 'legacy') return true;
  const family = { v4: 'ip', v6: 'ip6' }[spot.family];
  return !(await run('nft', ['delete', 'table', family, spot.table])).ok;
}

/** Whether a table held nothing but ours. */
function bare(saved: Saved, table: Table): boolean {
  const { chains, rules } = saved.get(table) ?? { chains: new Map<string, string>(), rules: [] };
  const ours = chainsIn(saved, table);
  const foreign = [...chains].filter(
    ([name, policy]) => policy !== 'ACCEPT' && !ours.includes(name),
  );
  return foreign.length === 0 && rules.every((line) => ours.some((name) => line.includes(name)));
}

function words({ backend, family, table }: Spot): string {
  const command = family === 'v4' ? 'iptables' : 'ip6tables';
  return `${table} of ${backend === 'plain' ? command : `${command}-${backend}`}`;
}
