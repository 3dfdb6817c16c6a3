import { writeFileSync } from 'node:fs';

/** The linter's half of the room rules, written by `npm run rooms` and never by hand. */
export const roomRulesPath = '.oxlintrc.rooms.json';

/** What each room may import, as in the table of `docs/architecture.md`. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  exchange: [],
  support: [],
  // A wrong variable is a failure like any other, and the codes live in exchange/.
  config: ['exchange', 'support'],
  redaction: ['exchange'],
  tls: ['exchange', 'support'],
  capture: ['exchange', 'support'],
  cassette: ['exchange', 'support', 'redaction'],
  journal: ['exchange', 'support', 'redaction'],
  network: ['exchange', 'support'],
  wire: ['exchange', 'support'],
  record: ['exchange', 'support', 'cassette'],
  replay: ['exchange', 'support', 'cassette'],
  mode: ['exchange', 'support', 'cassette', 'journal', 'record', 'replay'],
  intake: ['exchange', 'support', 'tls', 'wire', 'capture'],
  control: ['exchange', 'support', 'journal', 'cassette', 'mode', 'tls'],
};

/** What the appliance was divided into when it grew too long; each may import those before it. */
export const applianceParts: readonly string[] = [
  'clients.ts',
  'steering.ts',
  'listening.ts',
  'logging.ts',
  'tracing.ts',
  'naming.ts',
  'messages.ts',
  'upstream-files.ts',
  'outgoing.ts',
  'reporting.ts',
  'refusing.ts',
  'memory.ts',
  'crowding.ts',
  'passing.ts',
  'groundwork.ts',
  'sessions.ts',
  'serving.ts',
];

const belowAppliance: readonly string[] = Object.keys(rooms);

/** Files of these rooms may be entered anywhere, the others only by their door. */
const squares: ReadonlySet<string> = new Set(['exchange', 'support']);

interface Place {
  readonly name: string;
  readonly files: string;
  /** How this place spells the way to a room: `../` from within one, `./` from beside them. */
  readonly prefix: '../' | './';
  readonly mayImport: readonly string[];
  readonly mayImportFiles: readonly string[];
}

/** The override that lets a place import what the table grants it, and nothing else. */
function override(place: Place): object {
  const { name, prefix } = place;
  const granted = place.mayImport.map((room) =>
    squares.has(room) ? `!${prefix}${room}/*` : `!${prefix}${room}/${room}.ts`,
  );
  const files = place.mayImportFiles.map((file) => `!${prefix}${file}`);
  const list = [...place.mayImport, ...place.mayImportFiles].join(', ') || 'nothing outside itself';
  const ways = `${name} may import only: ${list}; a room is entered by its door, room/room.ts`;
  const patterns = [
    { group: [`${prefix}**`, ...granted, ...files], message: ways },
    { regex: String.raw`^\./.*\.\./`, message: 'spell the shortest way' },
  ];
  const rule = ['error', { paths: forbiddenModules(name), patterns }];
  return { files: [place.files], rules: { 'no-restricted-imports': rule } };
}

/** Only config/ knows convict, and only it reads the environment, however that is spelt. */
function forbiddenModules(name: string): readonly object[] {
  if (name === 'config/') return [];
  const message = 'only config/ reads the environment; elsewhere use the global process';
  return [
    { name: 'node:process', message },
    { name: 'process', message },
    { name: 'convict', message: 'options are described in config/ only' },
  ];
}

/** All overrides together: the rooms, then those who join them. */
export function roomRules(): object {
  const places: readonly Place[] = [
    ...Object.entries(rooms).map(([room, mayImport]) => ({
      name: `${room}/`,
      files: `src/${room}/**/*.ts`,
      prefix: '../' as const,
      mayImport,
      mayImportFiles: [],
    })),
    top('appliance.ts', belowAppliance, applianceParts),
    ...applianceParts.map((part, at) => top(part, belowAppliance, applianceParts.slice(0, at))),
    top('index.ts', belowAppliance, ['appliance.ts']),
    top('main.ts', [...belowAppliance, 'cli'], ['appliance.ts']),
    {
      name: 'cli/',
      files: 'src/cli/**/*.ts',
      prefix: '../',
      mayImport: belowAppliance,
      mayImportFiles: ['appliance.ts'],
    },
  ];
  return { overrides: places.map((place) => override(place)) };
}

function top(file: string, mayImport: readonly string[], mayImportFiles: readonly string[]): Place {
  return { name: file, files: `src/${file}`, prefix: './', mayImport, mayImportFiles };
}

/** The exact text of the generated file. */
export function roomRulesText(): string {
  return `${JSON.stringify(roomRules(), null, 2)}\n`;
}

if (import.meta.main) writeFileSync(roomRulesPath, roomRulesText());
