import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const runtimeExport = /^export (?:default |abstract |async )*(?:function|const|let|class)\b/m;

/** Every TypeScript file below a folder, as paths that begin with the folder's own. */
export function sourceFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

/** Whether a source leaves anything to run once its types are stripped. */
export function hasRuntimeValue(path: string): boolean {
  return runtimeExport.test(readFileSync(path, 'utf8'));
}
