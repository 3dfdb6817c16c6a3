import { Failure } from '../exchange/failure.ts';
import { messageKinds } from '../exchange/interaction.ts';
import type { Said } from './assemble.ts';
import type { Fields } from './check.ts';
import { corrupt, fieldsOf, listOf, numberField, textField, wordField } from './check.ts';
import { isFileName } from './file-name.ts';
import type { Begin } from './log-frames.ts';
import { binarySpelling, unpack } from './msgpack.ts';
import { treeNeedsNewer } from './version.ts';

/** A record of a log, but for the interaction itself and for the bytes of what was said. */
export type LogRecord =
  | { readonly type: 'begin'; readonly begin: Begin }
  | ({ readonly type: 'interaction'; readonly draft: number | undefined } & Told)
  | ({ readonly type: 'draft'; readonly draft: number } & Told)
  | { readonly type: 'said'; readonly draft: number; readonly answers: boolean }
  | {
      readonly type: 'file';
      readonly draft: number;
      readonly from: Said['from'];
      readonly file: string;
    }
  | { readonly type: 'end' };

/** What a log is asked for of an interaction before that is read. */
interface Told {
  readonly sequence: number;
  readonly id: string;
  /** Whether it has something that readers of version 2.0 do not know. */
  readonly newer: boolean;
  readonly answered: boolean;
  /** Names of files that its bodies are in. */
  readonly files: readonly string[];
}

/**
 * Reads a record. One with a right checksum was written as it is: a wrong one is another version's,
 * and not a torn one.
 * @throws Failure CASSETTE_CORRUPT, CASSETTE_VERSION_UNKNOWN
 */
export function readRecord(payload: Buffer, path: string, at: number): LogRecord {
  const where = `${path}: record at byte ${at}`;
  const fields = fieldsOf(unpack(payload, where), where);
  const draft = (): number => numberField(fields, 'draft', where);
  switch (fields['record']) {
    case 'begin':
      return { type: 'begin', begin: readBegin(fields, where) };
    case 'interaction': {
      const bare = fields['draft'] === undefined;
      const told = readTold(fields, where);
      return { type: 'interaction', draft: bare ? undefined : draft(), ...told };
    }
    case 'draft':
      return { type: 'draft', draft: draft(), ...readTold(fields, where) };
    case 'said':
      return { type: 'said', draft: draft(), answers: saysAnything(fields, where) };
    case 'file':
      return { type: 'file', draft: draft(), ...readFile(fields, where) };
    case 'end':
      return { type: 'end' };
    default:
      throw corrupt(where, 'is of no known kind');
  }
}

/** What was said, of a record that holds that. @throws Failure CASSETTE_CORRUPT */
export function readSaid(payload: Buffer, where: string): readonly Said[] {
  const fields = fieldsOf(unpack(payload, where), where);
  return listOf(fields['messages'], where).map((one) => {
    const said = fieldsOf(one, where);
    const { bytes, compressed } = said;
    // A copy: a view of a few bytes would keep all that was read with them.
    const held =
      bytes === undefined ? nothing : Buffer.from(binarySpelling.readMessage(said, where));
    return {
      from: wordField(said, 'from', { words: sides, where }),
      atMs: numberField(said, 'atMs', where),
      kind: wordField(said, 'kind', { words: messageKinds, where }),
      ...(compressed === undefined ? {} : { compressed: compressed === true }),
      bytes: held,
      length: bytes === undefined ? numberField(said, 'length', where) : held.length,
    };
  });
}

const nothing = Buffer.alloc(0);
const sides = ['client', 'server'] as const;

function readTold(fields: Fields, where: string): Told {
  const tree = fieldsOf(fields['interaction'], where);
  return {
    sequence: numberField(fields, 'sequence', where),
    id: textField(tree, 'id', where),
    newer: treeNeedsNewer(tree),
    answered: tree['response'] !== undefined,
    files: [fileOf(tree['request']), fileOf(tree['response'])].filter((file) => file !== undefined),
  };
}

/** The file that the body of a request or response is in, where it is in one. */
function fileOf(message: unknown): string | undefined {
  const { body } = (message ?? {}) as { readonly body?: { readonly file?: unknown } };
  return typeof body?.file === 'string' ? body.file : undefined;
}

/** Whether the server said something. */
function saysAnything(fields: Fields, where: string): boolean {
  return listOf(fields['messages'], where).some((one) => {
    const { from, kind } = fieldsOf(one, where);
    return from === 'server' && kind !== 'end';
  });
}

function readFile(
  fields: Fields,
  where: string,
): { readonly from: Said['from']; readonly file: string } {
  const file = textField(fields, 'file', where);
  // A log from elsewhere must not name `../../etc/passwd`.
  if (!isFileName(file)) throw corrupt(where, 'names no file of a body');
  return { from: wordField(fields, 'from', { words: sides, where }), file };
}

function readBegin(fields: Fields, where: string): Begin {
  const version = textField(fields, 'version', where);
  if (version !== '2.0' && version !== '2.1') {
    const words = `${where}: version ${JSON.stringify(version)} is not known`;
    throw new Failure('CASSETTE_VERSION_UNKNOWN', words);
  }
  return {
    name: textField(fields, 'name', where),
    startedAt: textField(fields, 'startedAt', where),
    adds: fields['adds'] === true,
    base: textField(fields, 'base', where),
  };
}
