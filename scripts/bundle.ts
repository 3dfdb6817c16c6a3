import { readFileSync } from 'node:fs';
import { type BuildOptions, build } from 'esbuild';

/** One of the two things that are shipped. */
export interface Target {
  readonly source: string;
  readonly file: string;
  readonly format: 'cjs' | 'esm';
}

/** What stands on top: a command names its interpreter and takes no older one, an ES module lacks CommonJS's `require`. */
const banners: Readonly<Record<Target['format'], string>> = {
  cjs: `#!/usr/bin/env node
${readFileSync(new URL('older-node.cjs', import.meta.url), 'utf8')}`,
  esm: `import { createRequire as requireFrom } from 'node:module';
const require = requireFrom(import.meta.url);`,
};

/**
 * One file that holds every library, with a map back to the sources: what a plain Node starts
 * quickest. What is native stays outside: the MessagePack library works without its half, and
 * transparent capture says what it lacks. Gives the files that went in.
 */
export async function bundle({ source, file, format }: Target): Promise<readonly string[]> {
  const options = {
    entryPoints: [source],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format,
    metafile: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'eof',
    external: ['msgpackr-extract', 'koffi'],
    banner: { js: banners[format] },
  } satisfies BuildOptions;
  const { warnings, metafile } = await build(options);
  // esbuild has printed them by now; a warning in a bundle is a fault that waits for a user.
  if (warnings.length > 0) throw new Error(`${file} was bundled with warnings`);
  return Object.keys(metafile.inputs);
}
