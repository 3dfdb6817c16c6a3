import { styleText } from 'node:util';
import type { Comparison } from './compare.ts';
import type { Observation } from './clients.ts';
import type { Scene } from './scenes.ts';

/** A scene that was played, and how long the client took. */
export interface Played {
  readonly scene: Scene;
  readonly seen: Observation;
  readonly ms: number;
}

/** One line of the table: a scene, recorded and replayed. */
export interface Row {
  readonly scene: Scene;
  readonly recorded: Played;
  readonly replayed: Played;
  readonly comparison: Comparison;
}

type Colour = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

/** Text in a colour, where standard output is a terminal and NO_COLOR is not set. */
export function paint(colour: Colour, text: string): string {
  return styleText(colour, text, { stream: process.stdout });
}

/** Prints a line. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Begins a part of the story. */
export function act(title: string): void {
  say(`\n${paint('bold', title)}`);
}

/** Prints a scene as soon as it is over. */
export function sayPlayed({ scene, seen, ms }: Played): void {
  const size = `${seen.bytes.length} bytes`.padStart(12);
  say(`  ${columns(scene)}${size} ${`${ms} ms`.padStart(8)}  ${paint('dim', seen.ending)}`);
}

/** Prints the table of all scenes, and below it where any of them parted. */
export function sayTable(rows: readonly Row[]): void {
  const head = `${'client'.padEnd(17)}${'protocol'.padEnd(10)}${'what'.padEnd(31)}`;
  say(paint('bold', `  ${head}recorded  replayed  1st ms  2nd ms  equal?`));
  for (const { scene, recorded, replayed, comparison } of rows) {
    const bytes = [recorded, replayed].map(({ seen }) => String(seen.bytes.length).padStart(8));
    const times = `${String(recorded.ms).padStart(8)}${String(replayed.ms).padStart(8)}`;
    say(`  ${columns(scene)}${bytes.join('  ')}${times}  ${verdict(comparison)}`);
  }
  for (const { scene, comparison } of rows) {
    if (comparison.equal) continue;
    const { client, protocol, what } = scene;
    say(paint('red', `  ${client.name}, ${protocol}, ${what}: ${comparison.difference}`));
  }
}

function columns({ client, protocol, what }: Scene): string {
  return `${client.name.padEnd(17)}${protocol.padEnd(10)}${what.padEnd(31)}`;
}

function verdict({ equal, redacted }: Comparison): string {
  if (!equal) return paint('red', 'NO');
  return paint('green', redacted === 0 ? 'equal' : `equal, but ${redacted} redacted`);
}

/** Prints a statement that was checked, and gives it back. */
export function check(holds: boolean, statement: string): boolean {
  say(`  ${holds ? paint('green', 'yes') : paint('red', 'NO ')}  ${statement}`);
  return holds;
}
