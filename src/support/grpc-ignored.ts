import type { Ignored } from './protobuf-wire.ts';
import { withoutFields } from './protobuf-wire.ts';

/** What says which fields a type and those within it have. */
export type TypeOf = (
  path: string,
  side: 'client',
) => { readonly ignored: (names: ReadonlySet<string>) => Ignored } | undefined;

/** A message of a method without the fields that matching ignores. */
export type Ignoring = (path: string, message: Buffer) => Buffer;

/**
 * Leaves out fields of requests: named `package.Message.field`, where somebody knows their types, or
 * numbered `/package.Service/Method:1.2`. Nothing where none is to be left out.
 */
export function ignoringFields(fields: readonly string[], typeOf: TypeOf): Ignoring | undefined {
  if (fields.length === 0) return undefined;
  const names = new Set(fields.filter((field) => !field.startsWith('/')));
  const numbered = byMethod(fields.filter((field) => field.startsWith('/')));
  const known = new Map<string, Ignored | undefined>();
  const named = (path: string): Ignored | undefined => {
    if (names.size === 0) return undefined;
    const ignored = known.get(path) ?? typeOf(path, 'client')?.ignored(names);
    // Only methods that somebody described are kept, so that paths made up by a client are not.
    if (ignored !== undefined) known.set(path, ignored);
    return ignored;
  };
  return (path, message) => {
    const [numbers, byName] = [numbered.get(path), named(path)];
    const rest = numbers === undefined ? message : withoutFields(message, numbers);
    return byName === undefined ? rest : withoutFields(rest, byName);
  };
}

interface Branch extends Ignored {
  readonly fields: Map<number, 'ignored' | Branch>;
}

function byMethod(fields: readonly string[]): ReadonlyMap<string, Ignored> {
  const methods = new Map<string, Branch>();
  for (const field of fields) {
    const [method = '', numbers = ''] = field.split(':');
    const branch = methods.get(method) ?? { fields: new Map() };
    methods.set(method, branch);
    graft(branch, numbers.split('.').map(Number));
  }
  return methods;
}

function graft(branch: Branch, [number = 0, ...inner]: readonly number[]): void {
  const there = branch.fields.get(number);
  if (there === 'ignored') return;
  if (inner.length === 0) {
    branch.fields.set(number, 'ignored');
    return;
  }
  const next: Branch = there ?? { fields: new Map() };
  branch.fields.set(number, next);
  graft(next, inner);
}
