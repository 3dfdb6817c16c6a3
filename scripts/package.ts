import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { bundle } from './bundle.ts';
import { writeNotices } from './notices.ts';
import { sourceFiles } from './sources.ts';

/** What is published is this folder, never the root, which brings a Node of its own. */
const folder = 'dist/package';

async function main(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const inputs = [
    ...(await bundle({ source: 'src/main.ts', file: join(folder, 'magneto.cjs'), format: 'cjs' })),
    ...(await bundle({ source: 'src/index.ts', file: join(folder, 'index.js'), format: 'esm' })),
  ];
  writeNotices(inputs, folder);
  await writeTypes(join(folder, 'types'));
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) cpSync(file, join(folder, file));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
}

async function writeTypes(out: string): Promise<void> {
  const compiler = 'node_modules/typescript/bin/tsc';
  const emit = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly'];
  const places = ['--project', 'tsconfig.package.json', '--rootDir', 'src', '--outDir', out];
  await execa(process.execPath, [compiler, ...places, ...emit], { stdio: 'inherit' });
  const face = reached(join(out, 'index.d.ts'));
  for (const file of sourceFiles(out)) if (!face.has(file)) rmSync(file);
  const foreign = [...face].flatMap((file) =>
    importsOf(file)
      .filter((name) => !/^(?:\.{1,2}\/|node:)/.test(name))
      .map((name) => `${file}: ${name}`),
  );
  // The package depends on nothing, so its types must not either.
  if (foreign.length > 0) throw new Error(`types that no user has:\n${foreign.join('\n')}`);
}

/** The declarations that a user of this one sees; the compiler writes those of every file beneath. */
function reached(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const name of importsOf(file)) {
    if (name.startsWith('.')) reached(join(dirname(file), name.replace(/\.ts$/, '.d.ts')), seen);
  }
  return seen;
}

function importsOf(file: string): readonly string[] {
  const imports = /(?:from|import\()\s*['"]([^'"\s]+)['"]/g;
  return [...readFileSync(file, 'utf8').matchAll(imports)].map((match) => match[1] ?? '');
}

/** The root's facts without its tools; but for what is native, everything it runs on is in the bundle. */
function manifest(): object {
  const root = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, unknown>;
  const { name, version, description, keywords, license, type, engines, dependencies } = root;
  const { koffi } = dependencies as Record<string, string>;
  const repository = process.env['GITHUB_REPOSITORY'];
  return {
    name,
    version,
    description,
    keywords,
    license,
    type,
    engines,
    // The one library that is native, so that no bundle can hold it; only transparent capture needs it.
    optionalDependencies: { koffi },
    bin: { magneto: 'magneto.cjs' },
    exports: { '.': { types: './types/index.d.ts', default: './index.js' } },
    // A registry accepts a statement of provenance only for the repository that the manifest names.
    ...(repository === undefined
      ? {}
      : { repository: { type: 'git', url: `git+https://github.com/${repository}.git` } }),
  };
}

await main();
