import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Breaches } from './tidy.ts';

/** Folders of the repository that hold pages, beside those at its root. */
const folders = ['docs', 'deploy', 'examples', 'demo'];

const link = /\[[^\]]*\]\(([^)\s]+)\)/g;
const elsewhere = /^[a-z][a-z+.-]*:/;
const namedFile = /`((?:src|test|docs|scripts|deploy|examples)\/[\w./-]+\.\w+)`/g;

/** Each link between pages leads to a file and a heading that there are, and so does each file named. */
export function brokenLinks(root: string): Breaches {
  return pages(root).flatMap((path) => {
    const text = prose(readFileSync(join(root, path), 'utf8'));
    const links = [...text.replaceAll(/`[^`\n]*`/g, '``').matchAll(link)].map(
      ([, target = '']) => target,
    );
    const lost = links.filter((target) => !leadsSomewhere(root, path, target));
    const named = [...text.matchAll(namedFile)].map(([, name = '']) => name);
    return [
      ...lost.map((target) => `${path}: ${target} leads nowhere`),
      ...named.filter((name) => !existsSync(join(root, name))).map((name) => `${path}: no ${name}`),
    ];
  });
}

function pages(root: string): readonly string[] {
  const below = folders
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    );
  return [...readdirSync(root), ...below.map((path) => relative(root, path))]
    .filter((path) => path.endsWith('.md') && !path.includes('node_modules'))
    .toSorted();
}

function leadsSomewhere(root: string, from: string, target: string): boolean {
  if (elsewhere.test(target)) return true;
  const [path = '', heading] = target.split('#');
  const file = path === '' ? join(root, from) : join(root, dirname(from), path);
  if (!existsSync(file)) return false;
  return heading === undefined || anchors(readFileSync(file, 'utf8')).has(heading);
}

/** The headings of a page as GitHub makes anchors of them: equal ones are numbered. */
function anchors(page: string): ReadonlySet<string> {
  const headings = [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, words = '']) =>
    words
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(
    headings.map((anchor, place) => {
      const before = headings.slice(0, place).filter((other) => other === anchor).length;
      return before === 0 ? anchor : `${anchor}-${before}`;
    }),
  );
}

/** A page without its blocks of code, whose `#` are no headings and whose brackets no links. */
function prose(page: string): string {
  return page.replaceAll(/^```.*?^```/gms, '');
}
