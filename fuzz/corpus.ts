import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const folder = new URL('corpus/', import.meta.url);

/** Inputs that are kept for a target: a line of hexadecimal digits each. */
export function readCorpus(name: string): readonly Buffer[] {
  const file = new URL(`${name}.hex`, folder);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'hex'));
}

/** Adds inputs to those of a target, each once, the shortest first. */
export function keepInCorpus(name: string, found: readonly Buffer[], inputsMax = 200): void {
  const lines = [...readCorpus(name), ...found].map((bytes) => bytes.toString('hex'));
  const unique = [...new Set(lines)].filter((line) => line !== '' && line.length <= 2048);
  const sorted = unique.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${name}.hex`, folder), `${sorted.slice(0, inputsMax).join('\n')}\n`);
}
