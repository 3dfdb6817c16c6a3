import type { Rules, Scope } from './rules.ts';
import type { Family } from './rule-text.ts';
import { ofFamily } from './rule-text.ts';

/** Loopback, of each family. */
export const loopback: Readonly<Record<Family, string>> = { v4: '127.0.0.0/8', v6: '::1/128' };

/** Matches what is our own: by user and group together. */
export function ownMatch({ uid, gid }: Pick<Rules, 'uid' | 'gid'>): string {
  return `-m owner --uid-owner ${uid} --gid-owner ${gid}`;
}

/**
 * Matches the questions that Docker's resolver passes on: its engine, root, asks from this very namespace,
 * and led to us it would wait for itself. Processes here ask the resolver on loopback instead.
 */
export function resolversOwn(rules: Pick<Rules, 'resolverAsksOn'>, family: Family): string[] {
  if (!rules.resolverAsksOn) return [];
  return ['udp', 'tcp'].map(
    (protocol) =>
      `! -d ${loopback[family]} -p ${protocol} -m ${protocol} --dport 53 -m owner --uid-owner 0 --gid-owner 0`,
  );
}

/** Matches, one by one, the processes of users that are left alone. */
export function strangers({ uids, excludedUids }: Scope): readonly string[] {
  const excluded = excludedUids.map((uid) => `-m owner --uid-owner ${uid}`);
  // None of them: each match of a rule has to hold.
  const others = uids.map((uid) => `-m owner ! --uid-owner ${uid}`).join(' ');
  return others === '' ? excluded : [...excluded, others];
}

/** What a match of the destinations that are captured begins with; none where no address of the family is. */
export function destinations({ cidrs }: Scope, family: Family): readonly string[] {
  if (cidrs.length === 0) return [''];
  return ofFamily(cidrs, family).map((range) => `-d ${range} `);
}
