import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { applianceParts } from './rooms.ts';
import { hasRuntimeValue, sourceFiles } from './sources.ts';

const linesMax = 250;
const shortestSentence = 12;

/** What stands directly in src/: those who join the rooms. */
const joiners: readonly string[] = ['appliance.ts', ...applianceParts, 'index.ts', 'main.ts'];

const exported =
  /^export (?:declare |abstract |async )*(?:function\*?|const|let|class|interface|type) (\w+)/;

const roomRow = /^\|(?:[^|`]*\|)?\s*`([a-z][a-z-]*)\/`\s*\|/gm;

/** A rule of the house that a text can be held to: one sentence for each breach. */
export type Breaches = readonly string[];

/** Each source with something to run has its twin among the tests. */
export function missingTwins(root: string): Breaches {
  return sources(root)
    .filter(({ path }) => hasRuntimeValue(join(root, path)))
    .map(({ path }) => path.replace(/^src\//, 'test/').replace(/\.ts$/, '.test.ts'))
    .filter((twin) => !existsSync(join(root, twin)))
    .map((twin) => `${twin} is missing`);
}

/** No file is longer than one can hold in one's head. */
export function longFiles(root: string): Breaches {
  return sources(root)
    .map(({ path, lines }) => ({ path, length: lines.length - 1 }))
    .filter(({ length }) => length > linesMax)
    .map(({ path, length }) => `${path} has ${length} lines, and ${linesMax} is the limit`);
}

/** Each exported name has its sentence directly above. */
export function undocumentedExports(root: string): Breaches {
  return sources(root).flatMap(({ path, lines }) => {
    const seen = new Set<string>();
    return lines.flatMap((line, index) => {
      const name = exported.exec(line)?.[1];
      if (name === undefined || seen.has(name)) return [];
      seen.add(name);
      return hasSentence(lines.slice(0, index))
        ? []
        : [`${path}:${index + 1}: ${name} says nothing`];
    });
  });
}

/** The architecture page names the folders that exist, all of them and no other. */
export function strayRooms(root: string): Breaches {
  const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const named = [...page.matchAll(roomRow)].map((match) => match[1] ?? '');
  return difference(roomsOf(root), named, 'docs/architecture.md');
}

/** Each failure has a place that it comes from: what is never thrown needs no remedy. */
export function idleFailures(root: string, codes: readonly string[]): Breaches {
  const texts = sources(root)
    .filter(({ path }) => !path.startsWith('src/exchange/failures-'))
    .map(({ lines }) => lines.join('\n'));
  return codes
    .filter((code) => !texts.some((text) => text.includes(`'${code}'`)))
    .map((code) => `nothing fails with ${code}`);
}

/** The page of failures has a heading for each code, and for nothing else. */
export function strayFailures(root: string, codes: readonly string[]): Breaches {
  const page = readFileSync(join(root, 'docs/failures.md'), 'utf8');
  const named = [...page.matchAll(/^### `?([A-Z][A-Z0-9_]*)`?\s*$/gm)].map(
    (match) => match[1] ?? '',
  );
  return difference(codes, named, 'docs/failures.md');
}

/** Rooms are flat, nothing but the joiners stands beside them, and no import is computed. */
export function crookedRooms(root: string): Breaches {
  return sources(root).flatMap(({ path, lines }) => {
    const parts = path.split('/').slice(1);
    const misplaced = parts.length > 2 || (parts.length === 1 && !joiners.includes(parts[0] ?? ''));
    const computed = lines.some((line) => /\bimport\(\s*[^'"\s)]/.test(line));
    return [
      ...(misplaced ? [`${path} is neither a file of a room nor one that joins rooms`] : []),
      ...(computed ? [`${path} computes what it imports, where no rule can follow`] : []),
    ];
  });
}

/** Only network/ dials out, only intake/ and control/ listen, only mode/mode.ts asks for the mode. */
export function brokenInvariants(root: string): Breaches {
  const dials =
    /import \{[^}]*\b(?:connect|createConnection|request|resolve\d?|lookup)\b[^}]*\} from 'node:(?:net|tls|http|https|http2|dns|dns\/promises)'|\b(?:net|tls|https?|http2)\.(?:connect|createConnection|request)\(/;
  return [
    ...forbidden(root, { shape: dials, words: 'dials out', allowed: /^src\/(?:network|cli)\// }),
    ...forbidden(root, {
      // A room's own `listen` may be called from anywhere; a server of Node's may not.
      shape: /\b(?:\w*[sS]erver|createServer\([^)]*\)|createSocket\([^)]*\))\.(?:listen|bind)\(/,
      words: 'listens',
      allowed: /^src\/(?:intake|control)\//,
    }),
    ...forbidden(root, {
      shape: /\bmode\s*[=!]==/,
      words: 'asks for the mode',
      allowed: /^src\/(?:mode\/mode|config\/.*)\.ts$/,
    }),
  ];
}

interface Invariant {
  readonly shape: RegExp;
  readonly words: string;
  readonly allowed: RegExp;
}

function forbidden(root: string, { shape, words, allowed }: Invariant): Breaches {
  return sources(root)
    .filter(({ path, lines }) => !allowed.test(path) && shape.test(lines.join('\n')))
    .map(({ path }) => `${path} ${words}`);
}

interface Source {
  readonly path: string;
  readonly lines: readonly string[];
}

function sources(root: string): readonly Source[] {
  return sourceFiles(join(root, 'src')).map((file) => ({
    path: relative(root, file),
    lines: readFileSync(file, 'utf8').split('\n'),
  }));
}

function roomsOf(root: string): readonly string[] {
  return readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((room) => sourceFiles(join(root, 'src', room)).length > 0);
}

/** Whether the lines end in a doc comment that says something; the linter's remarks may follow it. */
function hasSentence(above: readonly string[]): boolean {
  const text = above
    .filter((line) => !line.startsWith('// oxlint-disable'))
    .join('\n')
    .trimEnd();
  if (!text.endsWith('*/') || above.at(-1) === '') return false;
  const comment = text.slice(text.lastIndexOf('/*'));
  const words = comment.replaceAll(/[/*\s]+/g, ' ').trim();
  return comment.startsWith('/**') && words.length >= shortestSentence;
}

function difference(real: readonly string[], named: readonly string[], page: string): Breaches {
  const twice = named.filter((name, index) => named.indexOf(name) !== index);
  return [
    ...real.filter((name) => !named.includes(name)).map((name) => `${page} leaves out ${name}`),
    ...named.filter((name) => !real.includes(name)).map((name) => `${page} invents ${name}`),
    ...twice.map((name) => `${page} names ${name} twice`),
  ];
}
