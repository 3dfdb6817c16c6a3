/**
 * Where a text stops being JSON (RFC 8259), as an index into it; its length where it only breaks
 * off. For texts that `JSON.parse` has refused: its message does not always say the place.
 */
export function jsonFault(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  let at = skipWhite(text, 0);
  while (at < text.length) {
    const step = next(text, at, { expected, open });
    if (step === undefined) return at;
    expected = step.expected;
    at = skipWhite(text, step.at);
    if (expected === 'end' && at < text.length) return at;
  }
  return text.length;
}

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or closing' | 'end';

interface Step {
  readonly at: number;
  readonly expected: Expected;
}

interface Place {
  readonly expected: Expected;
  /** The brackets around, innermost last. */
  readonly open: string[];
}

function next(text: string, at: number, { expected, open }: Place): Step | undefined {
  const character = text[at] ?? '';
  switch (expected) {
    case 'key or }':
      if (character === '}') return closed(at, open);
      return key(text, at);
    case 'key':
      return key(text, at);
    case ':':
      return character === ':' ? { at: at + 1, expected: 'value' } : undefined;
    case ', or closing':
      return separated(at, character, open);
    case 'value or ]':
      if (character === ']') return closed(at, open);
      return value(text, at, open);
    case 'value':
      return value(text, at, open);
    case 'end':
      return undefined;
  }
}

function key(text: string, at: number): Step | undefined {
  const end = text[at] === '"' ? endOfString(text, at) : undefined;
  return end === undefined ? undefined : { at: end, expected: ':' };
}

function value(text: string, at: number, open: string[]): Step | undefined {
  const character = text[at];
  if (character === '{' || character === '[') {
    open.push(character);
    return { at: at + 1, expected: character === '{' ? 'key or }' : 'value or ]' };
  }
  const end = character === '"' ? endOfString(text, at) : endOf(scalarPattern, text, at);
  return end === undefined ? undefined : { at: end, expected: after(open) };
}

function separated(at: number, character: string, open: string[]): Step | undefined {
  const inObject = open.at(-1) === '{';
  if (character === ',') return { at: at + 1, expected: inObject ? 'key' : 'value' };
  return character === (inObject ? '}' : ']') ? closed(at, open) : undefined;
}

function closed(at: number, open: string[]): Step {
  open.pop();
  return { at: at + 1, expected: after(open) };
}

function after(open: readonly string[]): Expected {
  return open.length === 0 ? 'end' : ', or closing';
}

const scalarPattern = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
const whitePattern = /[ \t\r\n]*/y;
const escapePattern = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** By hand: a pattern would need a stack as deep as the string is long. */
function endOfString(text: string, start: number): number | undefined {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return undefined;
    const end = code === 0x5c ? endOf(escapePattern, text, at) : at + 1;
    if (end === undefined) return undefined;
    at = end;
  }
  return undefined;
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

function skipWhite(text: string, at: number): number {
  return endOf(whitePattern, text, at) ?? at;
}
