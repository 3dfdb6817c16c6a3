import type { OptionName } from './options.ts';
import { words } from './values.ts';

/** An older or foreign name for an option. */
export interface Alias {
  readonly env: string;
  /** The option that it is another name of. */
  readonly option: OptionName;
  /** The values it takes, in words; absent where they are the option's own. */
  readonly takes?: string;
  /** What it means, where it is more than another name. */
  readonly note?: string;
  /**
   * The texts of the options that a text of the alias stands for: none where it says nothing to
   * magneto, `invalid` where it is no value. Absent where the text is the option's own.
   */
  readonly translate?: (text: string) => Partial<Record<OptionName, string>> | 'invalid';
  /** Set for a variable that others read too, so that having both is no reason for a warning. */
  readonly shared?: boolean;
}

const truths: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false };

/** Aliases, those that win first; each of them loses to the option's own variable. */
export const aliases: readonly Alias[] = [
  { env: 'CASSETTE_NAME', option: 'cassetteName' },
  { env: 'CASSETTE_DIR', option: 'cassetteDir' },
  { env: 'TRANSPARENT_PROXY', option: 'transparent' },
  { env: 'REDIRECT_PORTS', option: 'redirectPorts' },
  { env: 'MAGNETO_FORMAT', option: 'cassetteFormat' },
  {
    env: 'MATGTO_MODE',
    option: 'mode',
    takes: [...words.mode, 'replay-strict'].join(' | '),
    note: '`replay-strict` is `MAGNETO_MODE=replay` with `MAGNETO_ON_MISS=fail`.',
    translate: (text) =>
      text === 'replay-strict' ? { mode: 'replay', onMiss: 'fail' } : { mode: text },
  },
  { env: 'MATGTO_CASSETTE_DIR', option: 'cassetteDir' },
  { env: 'MATGTO_PROXY_PORT', option: 'port' },
  {
    env: 'MATGTO_LOG_LEVEL',
    option: 'logLevel',
    takes: [...words.logLevel, 'off'].join(' | '),
    note: '`off` is `silent`.',
    translate: (text) => ({ logLevel: text === 'off' ? 'silent' : text }),
  },
  {
    env: 'RUST_LOG',
    option: 'logLevel',
    takes:
      'trace | debug | info | warn | error | off; anything else is not for magneto and ignored',
    note: '`off` is `silent`.',
    shared: true,
    translate: rustLog,
  },
  {
    env: 'MATGTO_STRICT',
    option: 'onMiss',
    takes: 'true | false',
    note: '`true` is `fail`, `false` is `passthrough`.',
    translate: (text) =>
      truth(text, { true: { onMiss: 'fail' }, false: { onMiss: 'passthrough' } }),
  },
  {
    env: 'MATGTO_INSECURE',
    option: 'upstreamInsecureHosts',
    takes: 'true | false',
    note: '`true` is `*`: no certificate of any server is verified.',
    translate: (text) => truth(text, { true: { upstreamInsecureHosts: '*' }, false: {} }),
  },
];

function rustLog(text: string): Partial<Record<OptionName, string>> {
  const level = text.toLowerCase();
  if (level === 'off') return { logLevel: 'silent' };
  return ['trace', 'debug', 'info', 'warn', 'error'].includes(level) ? { logLevel: level } : {};
}

function truth(
  text: string,
  meanings: Readonly<Record<'true' | 'false', Partial<Record<OptionName, string>>>>,
): Partial<Record<OptionName, string>> | 'invalid' {
  const value = truths[text.toLowerCase()];
  return value === undefined ? 'invalid' : meanings[value ? 'true' : 'false'];
}
