import { aliases } from './aliases.ts';
import type { Alias } from './aliases.ts';
import { fileVariable } from './names.ts';
import { optionNames, options } from './options.ts';
import type { Option } from './option.ts';

/** The text of docs/configuration.md, printed from the schema: what is written there is what is checked. */
export function configurationPage(): string {
  return [
    '<!-- Printed from src/config/options-*.ts by `npm run docs`; change it there. -->',
    '',
    '# Configuration',
    '',
    introduction,
    '',
    '## Variables',
    '',
    '| variable | values | default | what it does | why |',
    '|---|---|---|---|---|',
    ...optionNames.map((name) => optionRow(options[name])),
    '| `CI` | `true` or `1`; anything else is no | | In continuous integration, `auto` replays but refuses to record. | A cassette that was forgotten must fail the build, not be recorded and thrown away. |',
    '',
    '## Other names',
    '',
    'Understood for the sake of older documents. The variable itself wins over them, and among them the upper over the lower.',
    '',
    '| name | stands for | values | remark |',
    '|---|---|---|---|',
    ...aliases.map(aliasRow),
    '',
    '## Variables that others set',
    '',
    serviceLinks,
    '',
  ].join('\n');
}

const introduction = `magneto is configured by environment variables, and by nothing else so far.

- An empty variable counts as unset. Space around a value is cut off.
- A \`MAGNETO_*\` variable that is not in this table is an error at the start that names the nearest one: \`OPTION_UNKNOWN\`.
- A value that an option cannot have is an error at the start, in every mode, even where the option would have no effect: \`OPTION_INVALID\`, or \`CASSETTE_NAME_INVALID\`.
- A secret (\`MAGNETO_UPSTREAM_PROXY\`, \`MAGNETO_CONTROL_TOKEN\`) appears neither in an error nor in the log. Each may lie in a file instead, which the variable with \`_FILE\` behind its name then names, as Docker and Kubernetes hand secrets out: the newline at its end is cut off. Setting both is an error (\`OPTION_GIVEN_TWICE\`), and so is a file that cannot be read or is empty (\`OPTION_FILE_UNREADABLE\`).`;

const serviceLinks = `Kubernetes gives each pod variables about each service, and old compose links did the like. A service
named \`magneto\` (or \`magneto-…\`) brings names that look like options. These are ignored, with one
warning that names them:

- \`MAGNETO_PORT\`, or any \`MAGNETO_…_PORT\`, with a value such as \`tcp://10.0.0.1:8888\` (an option of
  that name then has its default);
- \`MAGNETO_SERVICE_*\`, \`MAGNETO_PORT_*\`, \`MAGNETO_ENV_*\`, \`MAGNETO_NAME\`;
- \`MAGNETO_…_SERVICE_HOST\`, \`MAGNETO_…_SERVICE_PORT\`, \`MAGNETO_…_PORT_8888_TCP\` and what goes on from
  these; \`MAGNETO_…_NAME\` with a value that begins with \`/\`, unless it is an option;
  \`MAGNETO_1_ENV_*\`.

In Kubernetes, \`enableServiceLinks: false\` keeps them away.`;

function optionRow(option: Option<unknown>): string {
  const initial = option.default === '' ? 'none' : `\`${option.default}\``;
  const file = fileVariable(option);
  const takes =
    file === undefined
      ? option.takes
      : `${option.takes}; or \`${file}\` names a file that holds it`;
  return row([`\`${option.env}\``, takes, initial, option.doc, option.reason]);
}

function aliasRow(alias: Alias): string {
  const option = options[alias.option];
  const takes = alias.takes ?? 'the same';
  return row([`\`${alias.env}\``, `\`${option.env}\``, takes, alias.note ?? '']);
}

/** A bar inside a cell would end it. */
function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}
