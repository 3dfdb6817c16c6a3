import { resolve } from 'node:path';
import type { Settings } from '../config/config.ts';
import { loadSettings } from '../config/config.ts';
import { Failure } from '../exchange/failure.ts';
import { openAuthority, openTrustKit, rotateAuthority } from '../tls/tls.ts';
import type { Streams } from './log.ts';
import { numberOf, readWords } from './words.ts';

/** What the verb needs. */
export interface TrustVerb {
  readonly env: NodeJS.ProcessEnv;
  readonly streams: Pick<Streams, 'stdout' | 'stderr'>;
  /** The words behind `trust`. */
  readonly words: readonly string[];
}

/** Long enough for everyone to start a container anew; short enough for an old key to be forgotten. */
const overlapDaysDefault = 30;
const overlapDaysMax = 3650;

/**
 * Writes the trust kit, or makes a new CA and then writes it; 0 when done.
 * @throws Failure COMMAND_UNKNOWN, whatever the settings have, CA_*, ROTATION_REFUSED, TRUST_*
 */
export async function trust({ env, streams, words }: TrustVerb): Promise<number> {
  const asked = parse(words);
  // The folder of the command line is looked at as the variable would be.
  const folder = asked.folder === undefined ? {} : { MAGNETO_TRUST_DIR: resolve(asked.folder) };
  const { settings } = loadSettings({ env: { ...env, ...folder } });
  if (asked.action === 'rotate') streams.stdout.write(await rotate(settings, asked.overlapDays));
  else if (settings.trustDir === undefined) {
    throw new Failure('COMMAND_UNKNOWN', 'trust write: name a folder, or set MAGNETO_TRUST_DIR');
  }
  streams.stdout.write(await writeKit(settings));
  return 0;
}

interface Asked {
  readonly action: 'write' | 'rotate';
  readonly folder: string | undefined;
  readonly overlapDays: number;
}

function parse(given: readonly string[]): Asked {
  const options = { 'overlap-days': { type: 'string' } } as const;
  const config = { args: [...given], options, allowPositionals: true } as const;
  const { values, positionals } = readWords('trust', config);
  const [action, folder, more] = positionals;
  const days = values['overlap-days'];
  if (action === 'write' && more === undefined && days === undefined) {
    return { action, folder, overlapDays: 0 };
  }
  if (action === 'rotate' && folder === undefined) {
    const text = days ?? String(overlapDaysDefault);
    return { action, folder, overlapDays: numberOf('overlap-days', text, overlapDaysMax) };
  }
  const takes = 'trust takes one of: write [FOLDER], rotate [--overlap-days N]';
  throw new Failure('COMMAND_UNKNOWN', takes);
}

async function rotate(settings: Settings, overlapDays: number): Promise<string> {
  const { fingerprint, overlapUntil } = await rotateAuthority({
    directory: settings.certDir,
    names: settings.caNameConstraints,
    overlapDays,
  });
  const old =
    overlapUntil === undefined
      ? 'clients that trust the old one have to be given the new one now'
      : `clients that trust only the old one are served until ${overlapUntil.toISOString()}`;
  return [
    `a new CA in ${settings.certDir}: ${fingerprint}`,
    old,
    'a magneto that runs takes it at its next start',
    '',
  ].join('\n');
}

async function writeKit(settings: Settings): Promise<string> {
  const { certDir, caNameConstraints, trustDir, upstreamCa, systemBundle } = settings;
  const authority = await openAuthority({ directory: certDir, names: caNameConstraints });
  const authorityPem = authority.certificatePem;
  const source = { authorityPem, upstreamCa, systemBundle, folder: trustDir, certDir };
  const written = await openTrustKit(source).write();
  if (trustDir === undefined) return '';
  const words = written.length === 0 ? 'nothing has changed' : written.join(', ');
  return `trust kit in ${trustDir}: ${words}\n`;
}
