import type { Interaction } from '../exchange/interaction.ts';
import type { LogContent } from './log.ts';
import type { LogEntry } from './log-drafts.ts';
import { binarySpelling, pack } from './msgpack.ts';
import { toTree } from './tree.ts';

/** A log to be put together with a cassette. */
export interface MergeSource {
  readonly content: LogContent;
  readonly read: (entry: LogEntry) => Promise<Interaction>;
  /** The interactions that stand in the cassette already. */
  readonly old: readonly Interaction[];
  /**
   * Whether those may have come from this very log: a compaction was cut after it had replaced the
   * cassette, and before it had removed the log.
   */
  readonly mayRepeat: boolean;
}

/** The old interactions and those of the log in the order of replay, with ids of their own. */
export interface Merged {
  readonly count: number;
  /** How many of them are new. */
  readonly added: number;
  /** Whether one of those that are new has something that readers of version 2.0 do not know. */
  readonly newer: boolean;
  readonly interactions: () => AsyncGenerator<Interaction>;
}

/** Plans a merge; reads only those interactions of the log whose id is taken. */
export async function planMerge({ content, read, old, mayRepeat }: MergeSource): Promise<Merged> {
  const byId = new Map<string, Interaction>(old.map((one) => [one.id, one]));
  const taken = new Set(byId.keys());
  const added: { readonly entry: LogEntry; readonly id: string }[] = [];
  for (const entry of content.entries) {
    const twin = mayRepeat ? byId.get(entry.id) : undefined;
    if (twin !== undefined && same(twin, await read(entry))) continue;
    const id = freeId(entry.id, taken);
    taken.add(id);
    added.push({ entry, id });
  }
  return {
    count: old.length + added.length,
    added: added.length,
    newer: added.some(({ entry }) => entry.newer),
    interactions: async function* interactions() {
      yield* old;
      let sequence = old.length;
      for (const { entry, id } of added) {
        yield { ...(await read(entry)), id, sequence };
        sequence += 1;
      }
    },
  };
}

function same(one: Interaction, other: Interaction): boolean {
  return pack(toTree(one, binarySpelling)).equals(pack(toTree(other, binarySpelling)));
}

function freeId(id: string, taken: ReadonlySet<string>): string {
  let free = id;
  for (let count = 2; taken.has(free); count += 1) free = `${id}-${count}`;
  return free;
}
