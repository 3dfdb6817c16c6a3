import type { Trail } from './json-path.ts';

/** A number of JSON as it was written: 2^53 + 1 is not 2^53, and 1.0 is not 1. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The value of a JSON text, its numbers as they were written; nothing where it is none. */
export function parseJsonText(text: string): { readonly value: unknown } | undefined {
  const first = text.trimStart()[0];
  // Only what has members can have some of them left out or taken for others.
  if (first !== '{' && first !== '[') return undefined;
  try {
    return { value: JSON.parse(text, keepNumber) as unknown };
  } catch {
    return undefined;
  }
}

/** The third argument is of ECMAScript 2026 (`JSON.parse` source text access). */
function keepNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? new JsonNumber(context?.source ?? String(value)) : value;
}

/** How two values are compared. */
export interface Comparing {
  /** What need not be equal, or there. */
  readonly ignored: Trail;
  /** Told of two texts or numbers at an ignored place, and of the member that they are. */
  readonly onIgnored: (pair: LeafPair) => void;
  /** Whether two texts or numbers that differ may stand for each other. */
  readonly mayDiffer: (pair: LeafPair) => boolean;
}

/** A text or number at the same place of both values. */
export interface LeafPair {
  readonly one: string;
  readonly other: string;
  /** The name of the member; nothing for the item of a list. */
  readonly name: string | undefined;
}

const depthMax = 200;

/** Whether two values of JSON are equal; the order of members does not count. Beyond 200 levels nothing is. */
export function equalJson(one: unknown, other: unknown, comparing: Comparing): boolean {
  return equal({ one, other, name: undefined, depth: 0 }, comparing.ignored, comparing);
}

interface Pair {
  readonly one: unknown;
  readonly other: unknown;
  readonly name: string | undefined;
  readonly depth: number;
}

function equal(pair: Pair, trail: Trail, comparing: Comparing): boolean {
  const { one, other, name, depth } = pair;
  const leaves = leafPair(one, other, name);
  if (trail.ends) {
    if (leaves !== undefined) comparing.onIgnored(leaves);
    return true;
  }
  if (leaves !== undefined) return leaves.one === leaves.other || comparing.mayDiffer(leaves);
  if (!isTree(one) || !isTree(other)) return one === other;
  if (depth > depthMax || Array.isArray(one) !== Array.isArray(other)) return false;
  const [left, right] = [membersOf(one), membersOf(other)];
  const isList = Array.isArray(one);
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const below = trail.into(isList ? Number(key) : key);
    if (left.has(key) !== right.has(key)) {
      if (below.ends) continue;
      return false;
    }
    const member = { one: left.get(key), other: right.get(key), depth: depth + 1 };
    if (!equal({ ...member, name: isList ? undefined : key }, below, comparing)) return false;
  }
  return true;
}

function membersOf(tree: object): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>(Object.entries(tree));
}

/** Two texts, or two numbers, as texts. */
function leafPair(one: unknown, other: unknown, name: string | undefined): LeafPair | undefined {
  if (typeof one === 'string' && typeof other === 'string') return { one, other, name };
  if (one instanceof JsonNumber && other instanceof JsonNumber) {
    return { one: one.text, other: other.text, name };
  }
  return undefined;
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof JsonNumber);
}
