import { Failure } from '../exchange/failure.ts';
import { nearest } from '../support/edit-distance.ts';
import { aliases } from './aliases.ts';
import type { Alias } from './aliases.ts';
import { optionNames, options } from './options.ts';
import type { Option } from './option.ts';
import type { OptionName } from './options.ts';
import { readSecretFile } from './secret-file.ts';

/** The text of an option, and the variable that it came from. */
export interface Given {
  readonly variable: string;
  readonly text: string;
}

/** What the environment says, before any value has been looked at. */
export interface Reading {
  readonly given: ReadonlyMap<OptionName, Given>;
  readonly warnings: readonly string[];
}

/**
 * Reads the names of the environment: options, aliases (which lose to them) and service links
 * (which are ignored). An empty text counts as unset.
 * @throws Failure OPTION_UNKNOWN naming each unknown variable and the nearest known one;
 * OPTION_GIVEN_TWICE, OPTION_FILE_UNREADABLE for a secret in a file.
 */
export function readNames(env: NodeJS.ProcessEnv): Reading {
  const links = Object.keys(env).filter((name) => isServiceLink(name, env[name] ?? ''));
  const set = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    const text = value?.trim() ?? '';
    if (text !== '' && !links.includes(name)) set.set(name, text);
  }
  refuseUnknown(set);
  const given = new Map<OptionName, Given>();
  for (const name of optionNames) {
    const found = ownText(options[name], set);
    if (found !== undefined) given.set(name, found);
  }
  const shadowed = aliases.flatMap((alias) => addAlias(given, alias, set.get(alias.env)));
  return { given, warnings: [...linkWarning(links), ...shadowed] };
}

/** The variable that names a file with the value of a secret option; other options have none. */
export function fileVariable(option: Option<unknown>): string | undefined {
  return option.secret === true ? `${option.env}_FILE` : undefined;
}

/** What the option's own variable says, or the file that its other one names. */
function ownText(option: Option<unknown>, set: ReadonlyMap<string, string>): Given | undefined {
  const variable = option.env;
  const text = set.get(variable);
  const fileIn = fileVariable(option) ?? '';
  const file = set.get(fileIn);
  if (file === undefined) return text === undefined ? undefined : { variable, text };
  if (text === undefined) return { variable: fileIn, text: readSecretFile(fileIn, file) };
  throw new Failure('OPTION_GIVEN_TWICE', `${variable} and ${fileIn} are both set`);
}

/** Puts what an alias says where nothing was said before; hands back a warning where something was. */
function addAlias(
  given: Map<OptionName, Given>,
  alias: Alias,
  text: string | undefined,
): readonly string[] {
  if (text === undefined) return [];
  const texts = alias.translate?.(text) ?? { [alias.option]: text };
  if (texts === 'invalid') throw invalidAlias(alias, text);
  const before = given.get(alias.option);
  if (before !== undefined) {
    const differs = texts[alias.option] !== undefined && texts[alias.option] !== before.text;
    if (!differs || alias.shared === true) return [];
    return [`${alias.env} is not used, because ${before.variable} is set`];
  }
  for (const name of optionNames) {
    const own = texts[name];
    if (own !== undefined && !given.has(name)) given.set(name, { variable: alias.env, text: own });
  }
  return [];
}

function invalidAlias(alias: Alias, text: string): Failure {
  const takes = alias.takes ?? options[alias.option].takes;
  return new Failure('OPTION_INVALID', `${alias.env} is ${quoted(text)}, and takes ${takes}`);
}

function refuseUnknown(set: ReadonlyMap<string, string>): void {
  const known = [
    ...optionNames.map((name) => options[name].env),
    ...optionNames.flatMap((name) => fileVariable(options[name]) ?? []),
    ...aliases.map((alias) => alias.env).filter((name) => name.startsWith('MAGNETO_')),
  ];
  const unknown = [...set.keys()].filter(
    (name) => name.startsWith('MAGNETO_') && !known.includes(name),
  );
  if (unknown.length === 0) return;
  const words = unknown.map((name) => `${name} (nearest: ${nearest(name, known) ?? 'none'})`);
  throw new Failure('OPTION_UNKNOWN', `no such option: ${words.join(', ')}`);
}

/**
 * Kubernetes gives each pod variables for each service, and compose links once did the like: a
 * service named `magneto`, `magneto-proxy` or `magneto-control` brings names that begin as ours do.
 */
function isServiceLink(name: string, value: string): boolean {
  if (!name.startsWith('MAGNETO_')) return false;
  if (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value)) return true;
  if (optionNames.some((option) => options[option].env === name)) return false;
  return (
    /^MAGNETO_(SERVICE|PORT|ENV)_/.test(name) ||
    name === 'MAGNETO_NAME' ||
    /_SERVICE_(HOST|PORT(_\w+)?)$/.test(name) ||
    /_PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?$/.test(name) ||
    (name.endsWith('_NAME') && value.startsWith('/')) ||
    /^MAGNETO_\d+_ENV_/.test(name)
  );
}

function linkWarning(links: readonly string[]): readonly string[] {
  if (links.length === 0) return [];
  return [`ignored, as service links and not options: ${links.toSorted().join(', ')}`];
}

/** A value as it may stand in one line: quoted, escaped, not too long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
