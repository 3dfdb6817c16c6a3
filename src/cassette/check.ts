import { Failure } from '../exchange/failure.ts';
import type { Headers } from '../exchange/headers.ts';

/** An object read from a file, of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** The failure for something in a cassette that is not as it should be; `where` begins with the file. */
export function corrupt(where: string, words: string, cause?: unknown): Failure {
  return new Failure('CASSETTE_CORRUPT', `${where}: ${words}`, { cause });
}

/** A value that has to be an object. @throws Failure CASSETTE_CORRUPT */
export function fieldsOf(value: unknown, where: string): Fields {
  if (!isFields(value)) throw corrupt(where, 'is no object');
  return value;
}

/** A value that has to be a list. @throws Failure CASSETTE_CORRUPT */
export function listOf(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw corrupt(where, 'is no list');
  return value;
}

/** A field that has to be a text. @throws Failure CASSETTE_CORRUPT */
export function textField(fields: Fields, name: string, where: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw corrupt(`${where}.${name}`, 'is no text');
  return value;
}

/** A field that has to be a number. @throws Failure CASSETTE_CORRUPT */
export function numberField(fields: Fields, name: string, where: string): number {
  const value = fields[name];
  if (typeof value !== 'number') throw corrupt(`${where}.${name}`, 'is no number');
  return value;
}

/** A field that has to be one of some words. @throws Failure CASSETTE_CORRUPT */
export function wordField<Word extends string>(
  fields: Fields,
  name: string,
  { words, where }: { readonly words: readonly Word[]; readonly where: string },
): Word {
  const value = fields[name];
  const word = words.find((one) => one === value);
  if (word === undefined) throw corrupt(`${where}.${name}`, `is none of ${words.join(', ')}`);
  return word;
}

/** A field that has to be a list of `[name, value]` pairs. @throws Failure CASSETTE_CORRUPT */
export function headersField(fields: Fields, name: string, where: string): Headers {
  const here = `${where}.${name}`;
  return listOf(fields[name], here).map((pair): readonly [string, string] => {
    const [key, value, ...more] = listOf(pair, here);
    if (typeof key !== 'string' || typeof value !== 'string' || more.length > 0) {
      throw corrupt(here, 'has an entry that is no ["name", "value"] pair');
    }
    return [key, value];
  });
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
