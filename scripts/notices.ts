import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the notices stand in whatever is shipped. */
export const noticesName = 'third-party-notices.txt';

/**
 * Writes the licences of the libraries whose files went into a bundle, as they ask for it. The paths
 * are those of the bundler: relative to the project. A library without a licence is an error.
 */
export function writeNotices(inputs: readonly string[], folder: string): void {
  const packages = new Set(inputs.map(packageOf).filter((path) => path !== undefined));
  const notices = [...packages].toSorted().map(notice);
  writeFileSync(join(folder, noticesName), notices.join(`\n${'-'.repeat(80)}\n\n`));
}

/** `node_modules/a/node_modules/@b/c/d.js` is of `node_modules/a/node_modules/@b/c`. */
function packageOf(input: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

function notice(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const { name, version, license } = manifest;
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file));
  const texts = files
    .map((file) => join(folder, file))
    .map((file) => readFileSync(file, 'utf8').trim());
  if (license === undefined && texts.length === 0) throw new Error(`${folder} has no licence`);
  const head = `${name} ${version} (${license ?? 'see below'})`;
  return `${[head, ...texts].join('\n\n')}\n`;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}
