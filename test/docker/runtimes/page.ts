import { missing, type Runtime, runtimes } from './runtimes.ts';

/** What became of a runtime in one run. */
export interface Outcome {
  readonly name: string;
  readonly version: string | undefined;
  /** Whether it refused to talk before it was told of the kit. */
  readonly refused: boolean;
  readonly recorded: boolean;
  readonly replayed: boolean;
}

const head = `# Runtimes that were tried

Each of these was recorded by a transparent sidecar over HTTPS, and replayed by one without any network
(\`--network none\`). None is told of a proxy. While recording, each had all of the trust kit
(\`. /trust/magneto.sh\`); in the replay it had what stands here and nothing else; with nothing at all it
refused the connection. [TRUST.md](TRUST.md) says more of each setting.

The run writes this table: \`MAGNETO_WRITE_RUNTIMES=yes npm run test:full -- test/docker/runtimes\`; each later
run is held to it, versions aside. Those marked *full* take long to build, and are left out where \`CI\`
is \`true\`.

| runtime | version | of the kit it is told | without it | recorded | replayed offline | run |
|---|---|---|---|---|---|---|
`;

const versionColumn = 2;

/** The page of a run; a runtime that the run left out keeps the row of the page before. */
export function runtimesPage(outcomes: readonly Outcome[], before: string): string {
  const rows = runtimes.map((runtime) => {
    const outcome = outcomes.find(({ name }) => name === runtime.name);
    return outcome === undefined ? rowIn(before, runtime.name) : row(runtime, outcome);
  });
  const gaps = missing.map(([name, why]) => `| ${name} | – | – | – | – | – | not tried: ${why} |`);
  return `${head}${[...rows, ...gaps].join('\n')}\n`;
}

/** A page with no versions in it: those may change without anybody's doing. */
export function withoutVersions(page: string): string {
  const cells = (line: string): string[] =>
    line.split(' | ').map((cell, index) => (index === versionColumn - 1 ? '' : cell));
  return page
    .split('\n')
    .map((line) => (line.startsWith('| ') ? cells(line).join(' | ') : line))
    .join('\n');
}

function row({ name, told, form }: Runtime, outcome: Outcome): string {
  const means =
    'words' in told ? told.words : told.variables.map((variable) => `\`${variable}\``).join(', ');
  const without = outcome.refused ? 'refuses' : 'goes on';
  const did = [outcome.recorded, outcome.replayed].map((well) => (well ? 'yes' : '**no**'));
  const cells = [
    name,
    outcome.version ?? '?',
    means,
    without,
    ...did,
    form === 'heavy' ? 'full' : 'each',
  ];
  return `| ${cells.join(' | ')} |`;
}

function rowIn(page: string, name: string): string {
  const found = page.split('\n').find((line) => line.startsWith(`| ${name} |`));
  return found ?? `| ${name} | the full run has not written this row yet |`;
}
