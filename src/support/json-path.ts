/** A path into a JSON value, of the subset of JSONPath (RFC 9535) that names members and items. */
export interface JsonPath {
  /** What it was written as. */
  readonly text: string;
  readonly steps: readonly Step[];
}

/** One step of a path: to a member or an item, or (nothing) to each of them; `deep`: at any depth below. */
interface Step {
  readonly to: string | number | undefined;
  readonly deep: boolean;
}

const pathCharactersMax = 1_000;

const stepText =
  /(\.\.|\.)(?:([\p{L}\p{N}_$-]+)|(\*))|(\.\.)?\[(?:(\d{1,9})|(\*)|'([^']*)'|"([^"]*)")\]/uy;

/**
 * Reads a path: `$.id`, `$..timestamp`, `$.items[*].at`, `$['a b'][0]`, `$.*`.
 * @throws RangeError where it is none of these
 */
export function parseJsonPath(text: string): JsonPath {
  if (!text.startsWith('$') || text.length < 2) throw new RangeError('it begins with "$."');
  if (text.length > pathCharactersMax) {
    throw new RangeError(`longer than ${pathCharactersMax} characters`);
  }
  const steps: Step[] = [];
  stepText.lastIndex = 1;
  while (stepText.lastIndex < text.length) {
    const at = stepText.lastIndex;
    const match = stepText.exec(text);
    if (match === null) throw new RangeError(`it cannot be read from "${text.slice(at)}"`);
    const [, dots, name, star, deep, index, each, single, double] = match;
    steps.push({
      to:
        star !== undefined || each !== undefined
          ? undefined
          : index === undefined
            ? (name ?? single ?? double ?? '')
            : Number(index),
      deep: dots === '..' || deep !== undefined,
    });
  }
  return { text, steps };
}

/** How far each of some paths has been followed: what is left of them at a place in a value. */
export interface Trail {
  /** Whether a path ends here. */
  readonly ends: boolean;
  /** The trail of a member, or of an item of a list. */
  readonly into: (key: string | number) => Trail;
}

/** The trail of some paths at the root of a value. */
export function trailOf(paths: readonly JsonPath[]): Trail {
  return paths.length === 0 ? nowhere : trailAt(paths.map(({ steps }) => ({ steps, place: 0 })));
}

const nowhere: Trail = { ends: false, into: () => nowhere };

interface Followed {
  readonly steps: readonly Step[];
  readonly place: number;
}

function trailAt(followed: readonly Followed[]): Trail {
  return {
    ends: followed.some(({ steps, place }) => place === steps.length),
    into(key) {
      const next = followed.flatMap((one) => follow(one, key));
      return next.length === 0 ? nowhere : trailAt(next);
    },
  };
}

function follow({ steps, place }: Followed, key: string | number): readonly Followed[] {
  const step = steps[place];
  if (step === undefined) return [];
  return [
    ...(step.deep ? [{ steps, place }] : []),
    ...(step.to === undefined || step.to === key ? [{ steps, place: place + 1 }] : []),
  ];
}

const depthMax = 200;

/** Whether a value has something at a path that satisfies a condition; 200 levels are looked at. */
export function hasAt(
  value: unknown,
  path: JsonPath,
  condition: (found: unknown) => boolean,
): boolean {
  const look = (here: unknown, trail: Trail, depth: number): boolean => {
    if (trail.ends && condition(here)) return true;
    if (trail === nowhere || typeof here !== 'object' || here === null || depth > depthMax) {
      return false;
    }
    const members: readonly (readonly [string | number, unknown])[] = Array.isArray(here)
      ? here.map((item: unknown, index) => [index, item] as const)
      : Object.entries(here);
    return members.some(([key, member]) => look(member, trail.into(key), depth + 1));
  };
  return look(value, trailOf([path]), 0);
}
