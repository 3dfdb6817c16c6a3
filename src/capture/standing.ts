import { backends, commandOf } from './backend.ts';
import type { Backend } from './backend.ts';
import type { Run } from './command.ts';
import { runCommand } from './command.ts';
import type { Family } from './rule-text.ts';
import { ownChains } from './rule-text.ts';
import { holdsChain, readSaved } from './saved.ts';

/** Which rules of ours stand in this network namespace. */
export interface Standing {
  /** Whether the rules could be looked at: only root with NET_ADMIN may. */
  readonly known: boolean;
  /** The families that are captured. */
  readonly families: readonly Family[];
  /** The kind of iptables that holds them. */
  readonly backend?: Backend;
  /** All rules there are, as the `-save` commands print them. */
  readonly text: string;
}

/** Looks which rules of ours stand; changes nothing. */
export async function standingRules(run: Run = runCommand): Promise<Standing> {
  const families = new Set<Family>();
  const texts: string[] = [];
  let backend: Backend | undefined;
  let denied = false;
  for (const kind of backends) {
    for (const family of ['v4', 'v6'] as const) {
      const command = commandOf({ backend: kind, family }, '-save');
      const saved = await run(command, []);
      // Whoever may not look is told so by one kind, and shown nothing by the other.
      if (!saved.ok) denied ||= /permission denied|operation not permitted/i.test(saved.stderr);
      if (!saved.ok) continue;
      texts.push(`# ${command}\n${saved.stdout}\n`);
      if (!holdsChain(readSaved(saved.stdout), ownChains.nat[0])) continue;
      backend ??= kind;
      families.add(family);
    }
  }
  return {
    known: families.size > 0 || (texts.length > 0 && !denied),
    families: [...families],
    ...(backend !== undefined && { backend }),
    text: texts.join('\n'),
  };
}
