import { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import type { CassetteFormat } from './cassette.ts';
import { corrupt, fieldsOf, listOf, textField } from './check.ts';
import type { MessageTypes } from './decoded.ts';
import { withEdits } from './decoded.ts';
import { jsonSpelling } from './json-spelling.ts';
import { binarySpelling } from './msgpack.ts';
import { fromTree } from './tree.ts';
import type { OpenStored } from './tree-body.ts';
import { readVersionOne } from './version-one.ts';

/** What a cassette holds, whatever its format. */
export interface Content {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly recordedAt: string;
  readonly interactions: readonly Interaction[];
  /** Whether it has something that readers of version 2.0 do not know (no). */
  readonly newer?: boolean;
}

/** What the root of a cassette is read with. */
export interface RootReading {
  readonly file: string;
  readonly format: CassetteFormat;
  readonly warn: (line: string) => void;
  readonly stored: OpenStored;
  readonly types?: MessageTypes | undefined;
}

/**
 * The content of a cassette's root, in any version that this magneto knows.
 * @throws Failure CASSETTE_CORRUPT, CASSETTE_VERSION_UNKNOWN
 */
export function readRoot(
  value: unknown,
  { file, format, warn, stored, types }: RootReading,
): Content {
  const root = fieldsOf(value, file);
  const { version } = root;
  if (typeof version !== 'string') throw corrupt(file, 'has no version');
  if (version === '1.0') return readVersionOne(root, file);
  if (version !== '2.0' && version !== '2.1') {
    throw new Failure(
      'CASSETTE_VERSION_UNKNOWN',
      `${file}: version ${JSON.stringify(version)} is not known`,
    );
  }
  const spelling = format.startsWith('json') ? jsonSpelling(warn) : binarySpelling;
  return {
    name: textField(root, 'name', `${file}: root`),
    recordedAt: textField(root, 'recordedAt', `${file}: root`),
    interactions: listOf(root['interactions'], `${file}: interactions`).map((tree, sequence) => {
      const where = `${file}: interactions[${sequence}]`;
      const interaction = fromTree(tree, { where, sequence, spelling, stored });
      return withEdits(interaction, fieldsOf(tree, where), { where, types, warn });
    }),
    newer: version === '2.1',
  };
}
