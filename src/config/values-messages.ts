import type { JsonPath } from '../support/json-path.ts';
import { parseJsonPath } from '../support/json-path.ts';
import type { Pattern } from '../support/pattern.ts';
import { createPattern } from '../support/pattern.ts';
import { list, ValueError } from './values.ts';

/** What of a message is meant: what an expression finds, or what is at a path of JSON. */
export type MessagePattern =
  | { readonly pattern: Pattern }
  /** `value`: only where this stands there. */
  | { readonly path: JsonPath; readonly value?: string };

/** By what the sessions of one URL are told apart. */
export type SessionKey =
  | { readonly by: 'header' | 'query'; readonly name: string }
  | { readonly by: 'cookie'; readonly name?: string }
  | { readonly by: 'protocol' | 'message' };

/** An entry: an expression between slashes, which may hold commas, or anything up to the next comma. */
const entry = /\s*(?:\/((?:[^/\\\n]|\\.)+)\/(i?)|([^,\n]*))\s*(?:[,\n]|$)/y;

/** Paths of JSON and regular expressions (`/…/`, `/…/i`), comma-separated or one a line. */
export function ignoredParts(text: string): readonly MessagePattern[] {
  return entriesOf(text).map((one) =>
    'expression' in one ? compiled(one) : { path: readAs(one.plain, parseJsonPath) },
  );
}

/** Likewise; a path may have a value: `$.type=typing`. */
export function optionalMessages(text: string): readonly MessagePattern[] {
  return entriesOf(text).map((one) => {
    if ('expression' in one) return compiled(one);
    const equals = one.plain.lastIndexOf('=');
    const path = readAs(equals === -1 ? one.plain : one.plain.slice(0, equals), parseJsonPath);
    return equals === -1 ? { path } : { path, value: one.plain.slice(equals + 1) };
  });
}

/** `header:NAME`, `query:NAME`, `cookie`, `cookie:NAME`, `protocol`, `message`; `order` is none of them. */
export function sessionKeys(text: string): readonly SessionKey[] {
  if (text === 'order') return [];
  return list(text).map((member) => {
    const [, by, name = ''] =
      /^(header|query|cookie|protocol|message)(?::([^\s:]+))?$/.exec(member) ?? [];
    if ((by === 'header' || by === 'query') && name !== '') return { by, name };
    if (by === 'cookie') return name === '' ? { by } : { by, name };
    if ((by === 'protocol' || by === 'message') && name === '') return { by };
    throw new ValueError(`"${member}" is no key`);
  });
}

type Entry =
  | { readonly expression: string; readonly ignoreCase: boolean }
  | { readonly plain: string };

function entriesOf(text: string): readonly Entry[] {
  const entries: Entry[] = [];
  entry.lastIndex = 0;
  while (entry.lastIndex < text.length) {
    const match = entry.exec(text);
    if (match === null)
      throw new ValueError('an expression has no second slash, or more behind it');
    const [, expression, flag, plain = ''] = match;
    if (expression !== undefined) entries.push({ expression, ignoreCase: flag === 'i' });
    else if (plain.trim().startsWith('/'))
      throw new ValueError('an expression has no second slash');
    else if (plain.trim() !== '') entries.push({ plain: plain.trim() });
  }
  return entries;
}

function compiled({ expression, ignoreCase }: Exclude<Entry, { plain: string }>): MessagePattern {
  return { pattern: readAs(expression, (text) => createPattern(text, { ignoreCase })) };
}

function readAs<Value>(text: string, read: (text: string) => Value): Value {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof RangeError) throw new ValueError(`"${text}": ${error.message}`);
    throw error;
  }
}
