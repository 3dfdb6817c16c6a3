import type { ParseArgsConfig } from 'node:util';
import { parseArgs } from 'node:util';
import { Failure } from '../exchange/failure.ts';
import { errorWords } from '../support/system-error.ts';

/** Reads the words behind a verb, as Node does. @throws Failure COMMAND_UNKNOWN where they are none of its own */
export function readWords<Config extends ParseArgsConfig>(
  verb: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (cause) {
    // What Node says after its first line is for programmers.
    const [detail] = errorWords(cause).split('\n');
    throw new Failure('COMMAND_UNKNOWN', `${verb}: ${detail}`, { cause });
  }
}

/** The whole number that a flag was given. @throws Failure OPTION_INVALID where it is none from 0 to `most` */
export function numberOf(flag: string, text: string, most: number): number {
  const value = /^\d{1,10}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  const words = `--${flag} is ${JSON.stringify(text)}, and takes 0 to ${most}`;
  throw new Failure('OPTION_INVALID', words);
}
