import { constants, isUtf8 } from 'node:buffer';
import type { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import { corrupt } from './check.ts';
import type { MessageTypes } from './decoded.ts';
import { withDecoded } from './decoded.ts';
import { type ContentHead, versionWords } from './version.ts';
import { jsonFault } from './json-fault.ts';
import { jsonSpelling } from './json-spelling.ts';
import { toTree } from './tree.ts';

/** V8 has no longer string: what is larger can be written, but not read again. */
export const jsonBytesMax = constants.MAX_STRING_LENGTH;

const spelling = jsonSpelling(() => undefined);

interface JsonShowing {
  readonly types?: MessageTypes | undefined;
}

/** A cassette as JSON, piece by piece: indented by two spaces, each header, and each piece of a body, on one line. */
export async function* jsonPieces(
  { name, recordedAt, newer, types }: ContentHead & JsonShowing,
  interactions: AsyncIterable<Interaction>,
): AsyncGenerator<string> {
  yield `{\n  "version": "${versionWords(newer)}",\n  "name": ${JSON.stringify(name)},\n`;
  yield `  "recordedAt": ${JSON.stringify(recordedAt)},\n  "interactions": [`;
  let separator = '\n    ';
  for await (const interaction of interactions) {
    yield separator + print(withDecoded(toTree(interaction, spelling), interaction, types), '    ');
    separator = ',\n    ';
  }
  yield separator.startsWith(',') ? '\n  ]\n}\n' : ']\n}\n';
}

/** The value that the bytes of a JSON file stand for. @throws Failure CASSETTE_CORRUPT, with offset and line */
export function parseJson(bytes: Buffer, file: string): unknown {
  if (bytes.length > jsonBytesMax) throw tooLarge(file);
  if (!isUtf8(bytes)) throw corrupt(file, `is not UTF-8${place(bytes, invalidAt(bytes))}`);
  // An editor may have put a byte order mark in front, which JSON.parse does not take.
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  try {
    return JSON.parse(text);
  } catch (error) {
    const skipped = bytes.length - Buffer.byteLength(text);
    const offset = skipped + Buffer.byteLength(text.slice(0, jsonFault(text)));
    const words = offset === bytes.length ? 'breaks off' : 'is no JSON';
    throw corrupt(file, words + place(bytes, offset), error);
  }
}

/** The failure for more JSON than can be read. */
export function tooLarge(file: string): Failure {
  const mib = Math.floor(jsonBytesMax / 2 ** 20) + 1;
  return corrupt(
    file,
    `is more than the ${mib} MiB of JSON that can be read; record it with MAGNETO_CASSETTE_FORMAT=msgpack`,
  );
}

function place(bytes: Buffer, offset: number): string {
  let line = 1;
  for (let at = bytes.indexOf(10); at !== -1 && at < offset; at = bytes.indexOf(10, at + 1)) {
    line += 1;
  }
  return ` at byte ${offset} (line ${line})`;
}

/** Where the first character stands that is no UTF-8, found by halving. */
function invalidAt(bytes: Buffer): number {
  let [valid, invalid] = [0, bytes.length];
  while (invalid - valid > 1) {
    const middle = valid + Math.floor((invalid - valid) / 2);
    if (isUtf8(wholeCharacters(bytes.subarray(0, middle)))) valid = middle;
    else invalid = middle;
  }
  return wholeCharacters(bytes.subarray(0, valid)).length;
}

/** Bytes without a character that is cut at their end. */
function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
    }
  }
  return bytes;
}

function print(value: unknown, indent: string, key = ''): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const pairs = pairLists.has(key);
  const lines = Array.isArray(value)
    ? value.map((item) => (pairs && isPair(item) ? printPair(item) : print(item, inner)))
    : Object.entries(value).map(([name, item]) => {
        return `${JSON.stringify(name)}: ${print(item, inner, name)}`;
      });
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (lines.length === 0) return open + close;
  return `${open}\n${inner}${lines.join(`,\n${inner}`)}\n${indent}${close}`;
}

/** Lists whose entries are two words or numbers: each has a line. */
const pairLists: ReadonlySet<string> = new Set(['headers', 'trailers', 'chunks']);

type Pair = readonly [string | number, string | number];

function isPair(value: unknown): value is Pair {
  const isPlain = (item: unknown): boolean => typeof item === 'string' || typeof item === 'number';
  return Array.isArray(value) && value.length === 2 && value.every(isPlain);
}

function printPair([one, other]: Pair): string {
  return `[${JSON.stringify(one)}, ${JSON.stringify(other)}]`;
}
