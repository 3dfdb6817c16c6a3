import { isUtf8 } from 'node:buffer';
import type { Fields } from './check.ts';
import { corrupt } from './check.ts';

/** Deeper JSON stays text: printing it would exhaust the stack, and nobody reads it. */
const depthMax = 64;

/** Bytes as something that people can read and edit, or nothing where they are binary. Exact: `readReadable` gives the very bytes. */
export function writeReadable(bytes: Buffer): Fields | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  // NUL and its like in valid UTF-8: a small binary message rather than a text.
  // oxlint-disable-next-line no-control-regex
  if (/[\0-\x08\x0e-\x1a]/.test(text)) return undefined;
  return asJson(text) ?? { text: text.includes('\n') ? text.split('\n') : text };
}

/** The bytes of what `writeReadable` wrote; nothing where there is neither `json` nor `text`. @throws Failure CASSETTE_CORRUPT */
export function readReadable(fields: Fields, where: string): Buffer | undefined {
  if (Object.hasOwn(fields, 'json')) {
    const indent = readIndent(fields['indent'], where);
    const printed = JSON.stringify(fields['json'], null, indent);
    return Buffer.from(fields['newline'] === true ? `${printed}\n` : printed);
  }
  const { text } = fields;
  if (text === undefined) return undefined;
  if (typeof text === 'string') return Buffer.from(text);
  if (!isLines(text)) throw corrupt(`${where}.text`, 'is neither a text nor a list of lines');
  return Buffer.from(text.join('\n'));
}

/** JSON whose numbers, key order and spacing survive: printing it again gives the very text. */
function asJson(text: string): Fields | undefined {
  const newline = text.endsWith('\n');
  const bare = newline ? text.slice(0, -1) : text;
  const indent = indentOf(bare);
  try {
    const json: unknown = JSON.parse(bare);
    if (isDeep(json, depthMax) || JSON.stringify(json, null, indent) !== bare) return undefined;
    return {
      json,
      ...(indent === undefined ? {} : { indent }),
      ...(newline ? { newline } : {}),
    };
  } catch {
    return undefined;
  }
}

function indentOf(text: string): 2 | 4 | '\t' | undefined {
  const white = /^[[{]\n([ \t]+)/.exec(text)?.[1];
  switch (white) {
    case '  ':
      return 2;
    case '    ':
      return 4;
    case '\t':
      return '\t';
    default:
      return undefined;
  }
}

function readIndent(indent: unknown, where: string): 2 | 4 | '\t' | undefined {
  if (indent === undefined || indent === 2 || indent === 4 || indent === '\t') return indent;
  throw corrupt(`${where}.indent`, 'is none of 2, 4 and "\\t"');
}

function isDeep(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return left === 0 || Object.values(value).some((inner) => isDeep(inner, left - 1));
}

function isLines(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((line) => typeof line === 'string');
}
