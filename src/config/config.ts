import convict from 'convict';
import { Failure } from '../exchange/failure.ts';
import { nearest } from '../support/edit-distance.ts';
import { aliases } from './aliases.ts';
import { quoted, readNames } from './names.ts';
import type { Reading } from './names.ts';
import { optionNames, options } from './options.ts';
import type { Option } from './option.ts';
import type { OptionName, OptionValues } from './options.ts';
import { ValueError } from './values.ts';

/** Everything that can be set, checked and typed; see docs/configuration.md for what each means. */
export interface Settings extends OptionValues {
  /** Whether this is a continuous-integration run (`CI` is `true` or `1`), in which `auto` refuses to record. */
  readonly ci: boolean;
  /** The system's bundle of authorities where it is not in one of the usual places (`SSL_CERT_FILE`). */
  readonly systemBundle: string | undefined;
}

/** The settings and what is to be said about them, one line each. */
export interface Loaded {
  readonly settings: Settings;
  readonly warnings: readonly string[];
}

/**
 * The settings of an environment, frozen.
 * @throws Failure OPTION_UNKNOWN, OPTION_INVALID, OPTION_GIVEN_TWICE, OPTION_FILE_UNREADABLE or
 * CASSETTE_NAME_INVALID: one line that names the variable.
 */
export function loadSettings(source: { readonly env: NodeJS.ProcessEnv }): Loaded {
  const reading = readNames(source.env);
  const values = parseValues(reading);
  for (const value of Object.values(values)) Object.freeze(value);
  const settings: Settings = Object.freeze({
    ...values,
    ci: ['true', '1'].includes(source.env['CI']?.trim().toLowerCase() ?? ''),
    systemBundle: source.env['SSL_CERT_FILE']?.trim() || undefined,
  });
  refuseOpenSeal(settings);
  return { settings, warnings: [...reading.warnings, ...missWarning(settings, reading)] };
}

/**
 * A seal that something has to get through is refused, rather than met as a network that is down.
 * @throws Failure SEAL_CONTRADICTED
 */
function refuseOpenSeal({ seal, mode, onMiss, live }: Settings): void {
  if (!seal) return;
  const replays = mode === 'replay' || mode === 'auto';
  const open = [
    ...(live.length > 0 ? ['MAGNETO_LIVE'] : []),
    ...(replays ? [] : [`MAGNETO_MODE=${mode}`]),
    ...(replays && onMiss !== 'fail' ? [`MAGNETO_ON_MISS=${onMiss}`] : []),
  ];
  if (open.length === 0) return;
  throw new Failure('SEAL_CONTRADICTED', `MAGNETO_SEAL=true together with ${open.join(' and ')}`);
}

/** Whether a variable holds a secret: that of an option which is one, or one that is named like one. */
export function isSecret(variable: string): boolean {
  const list: readonly Option<unknown>[] = optionNames.map((name) => options[name]);
  if (list.some(({ env, secret }) => env === variable && secret === true)) return true;
  return /TOKEN|SECRET|PASSW|CREDENTIAL|_KEY$/i.test(variable) && !variable.endsWith('_FILE');
}

/** The environment of this process; the only place that reads it. */
export function environment(): NodeJS.ProcessEnv {
  return process.env;
}

/** Thrown from inside convict, which would not say which option it was parsing. */
class OptionError extends Error {
  readonly option: OptionName;

  constructor(option: OptionName, cause: unknown) {
    super('an option has no value of its own', { cause });
    this.option = option;
  }
}

function parseValues(reading: Reading): OptionValues {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, { text }] of reading.given) env[options[name].env] = text;
  try {
    const config = convict(convictSchema(), { env, args: [] });
    // convict's types know the defaults, which are texts; its coercion has made values of them.
    return config.getProperties() as unknown as OptionValues;
  } catch (error) {
    throw error instanceof OptionError ? invalid(error, reading) : error;
  }
}

/** The schema as convict takes it: a format of its own for each option, whose coercion is the option's parser. */
function convictSchema(): convict.Schema<Record<OptionName, string>> {
  const entries = optionNames.map((name) => {
    const option: Option<unknown> = options[name];
    const format = `magneto ${name}`;
    convict.addFormat({ name: format, validate: () => {}, coerce: coercion(name, option) });
    const { doc, reason, env, default: text, secret: sensitive = false } = option;
    return [name, { doc, reason, format, default: text, env, sensitive }] as const;
  });
  // Object.fromEntries forgets the names of the keys.
  return Object.fromEntries(entries) as unknown as convict.Schema<Record<OptionName, string>>;
}

function coercion(name: OptionName, option: Option<unknown>): (text: string) => unknown {
  return (text) => {
    try {
      return option.parse(text);
    } catch (cause) {
      throw cause instanceof ValueError ? new OptionError(name, cause) : cause;
    }
  };
}

/** The line for people. A secret's text is not in it. */
function invalid(error: OptionError, reading: Reading): Failure {
  const option: Option<unknown> = options[error.option];
  const { variable, text } = reading.given.get(error.option) ?? { variable: option.env, text: '' };
  const alias = aliases.find(({ env }) => env === variable);
  const shown = option.secret === true ? 'no value that it can have' : quoted(text);
  const near = option.words === undefined ? undefined : nearest(text, option.words);
  const reason = error.cause instanceof ValueError ? error.cause.message : '';
  const more = near === undefined ? reason : `nearest: ${near}`;
  const detail = `${variable} is ${shown} (${more}), and takes ${alias?.takes ?? option.takes}`;
  return new Failure(option.failure ?? 'OPTION_INVALID', detail);
}

/** People keep the option in a compose file and switch the mode; so it is a line, not an error. */
function missWarning(settings: Settings, reading: Reading): readonly string[] {
  const onMiss = reading.given.get('onMiss');
  const effect = settings.mode === 'auto' || settings.mode === 'replay';
  if (onMiss === undefined || effect) return [];
  const why = settings.mode === 'hybrid' ? 'which records what it misses' : 'which cannot miss';
  return [`${onMiss.variable} has no effect in mode ${settings.mode}, ${why}`];
}
