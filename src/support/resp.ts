/** How far a value reaches: its length in bytes, more is needed, or it is none. */
export type Reach = number | 'more' | 'broken';

/** Values within one another at most, so that nobody's bytes overflow the stack. */
const depthMax = 32;
const lineBytesMax = 64 * 1024;

/** Measures the first value of some bytes in the protocol of Redis (RESP 2 and 3). */
export function respReach(bytes: Buffer): Reach {
  return valueEnd(bytes, 0, 0);
}

/** The words of a command, which is a list of texts; nothing where it is something else. */
export function respWords(command: Buffer): readonly string[] | undefined {
  const words: string[] = [];
  let at = command.indexOf('\n') + 1;
  if (command[0] !== code('*') || at === 0) return undefined;
  while (at < command.length) {
    const end = command.indexOf('\n', at) + 1;
    const length = Number(command.toString('latin1', at + 1, end));
    if (command[at] !== code('$') || end === 0 || !(length >= 0)) return undefined;
    words.push(command.toString('latin1', end, end + length));
    at = end + length + 2;
  }
  return words;
}

/** Where the value that begins at a place ends. */
function valueEnd(bytes: Buffer, at: number, depth: number): Reach {
  if (depth > depthMax) return 'broken';
  const end = bytes.indexOf('\n', at) + 1;
  if (end === 0) return bytes.length - at > lineBytesMax ? 'broken' : 'more';
  const type = bytes.toString('latin1', at, at + 1);
  if ('+-:_,#('.includes(type)) return end;
  const text = bytes.toString('latin1', at + 1, end).trimEnd();
  if (!/^(?:-1|\d{1,10})$/.test(text)) return 'broken';
  const count = Number(text);
  if (count === -1) return '$*'.includes(type) ? end : 'broken';
  if ('$=!'.includes(type)) return bytes.length < end + count + 2 ? 'more' : end + count + 2;
  if (!'*~>%|'.includes(type)) return 'broken';
  // Attributes stand before the value that they are of.
  const values = type === '%' ? 2 * count : type === '|' ? 2 * count + 1 : count;
  return valuesEnd(bytes, { at: end, values, depth: depth + 1 });
}

function valuesEnd(
  bytes: Buffer,
  { at, values, depth }: { readonly at: number; readonly values: number; readonly depth: number },
): Reach {
  let end = at;
  for (let left = values; left > 0; left -= 1) {
    const next = valueEnd(bytes, end, depth);
    if (typeof next !== 'number') return next;
    end = next;
  }
  return end;
}

function code(character: string): number {
  return character.charCodeAt(0);
}
