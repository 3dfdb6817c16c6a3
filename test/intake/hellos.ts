import { readFileSync, readdirSync } from 'node:fs';

const folder = new URL('../fixtures/hellos/', import.meta.url);

/** The hello that a real program sent to `localhost`. */
export function helloOf(name: string): Buffer {
  return Buffer.from(readFileSync(new URL(`${name}.hex`, folder), 'utf8').trim(), 'hex');
}

/** The names of those that were kept. */
export function helloNames(): readonly string[] {
  return readdirSync(folder).map((file) => file.replace(/\.hex$/, ''));
}
