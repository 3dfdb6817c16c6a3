import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const summaryPath = 'coverage/coverage-summary.json';
const leastOverallPercent = 80;
const leastPerRoomPercent = 75;

const metrics = ['lines', 'statements', 'functions', 'branches'] as const;

type Metric = (typeof metrics)[number];

interface Count {
  readonly total: number;
  readonly covered: number;
}

/** What Jest's json-summary says of one file. */
export type Coverage = Readonly<Record<Metric, Count>>;

interface Row {
  readonly place: string;
  readonly leastPercent: number;
  readonly files: readonly Coverage[];
}

function percent(files: readonly Coverage[], metric: Metric): number {
  const total = files.reduce((sum, file) => sum + file[metric].total, 0);
  const covered = files.reduce((sum, file) => sum + file[metric].covered, 0);
  return total === 0 ? 100 : (100 * covered) / total;
}

/** The whole, and each room by itself: Jest's own thresholds take a room out of the whole. */
export function rowsOf(
  summary: Readonly<Record<string, Coverage>>,
  rooms: readonly string[],
): readonly Row[] {
  const files = Object.entries(summary).filter(([path]) => path !== 'total');
  const below = (folder: string): readonly Coverage[] =>
    files.filter(([path]) => path.startsWith(folder)).map(([, coverage]) => coverage);
  return [
    { place: 'src/', leastPercent: leastOverallPercent, files: below('src/') },
    ...rooms.map((room) => ({
      place: `src/${room}/`,
      leastPercent: leastPerRoomPercent,
      files: below(`src/${room}/`),
    })),
  ];
}

/** One sentence for each number that is under its least. */
export function shortfalls(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(({ place, leastPercent, files }) =>
    metrics
      .filter((metric) => percent(files, metric) < leastPercent)
      .map((metric) => {
        const reached = percent(files, metric).toFixed(1);
        return `${place} ${metric}: ${reached} %, and ${leastPercent} % is the least`;
      }),
  );
}

function read(): Readonly<Record<string, Coverage>> {
  const summary = JSON.parse(readFileSync(summaryPath, 'utf8')) as Record<string, Coverage>;
  return Object.fromEntries(
    Object.entries(summary).map(([path, coverage]) => [relative(process.cwd(), path), coverage]),
  );
}

function main(): void {
  const rooms = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const rows = rowsOf(
    read(),
    rooms.map((room) => room.name),
  );
  for (const { place, files } of rows) {
    const numbers = metrics.map((metric) => `${metric} ${percent(files, metric).toFixed(1)} %`);
    process.stdout.write(`${place.padEnd(16)} ${numbers.join('  ')}\n`);
  }
  for (const sentence of shortfalls(rows)) {
    process.stderr.write(`too little coverage: ${sentence}\n`);
    process.exitCode = 1;
  }
}

if (import.meta.main) main();
