import { existsSync } from 'node:fs';
import { bundle } from '../scripts/bundle.ts';

/** Runs once before all suites, so that whoever starts the real process starts today's. */
export default async function buildOnce(): Promise<void> {
  const source = 'src/main.ts';
  if (existsSync(source)) await bundle({ source, file: 'dist/magneto.cjs', format: 'cjs' });
}
