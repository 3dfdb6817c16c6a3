import type { RecordedRequest, StoredBody } from '../exchange/interaction.ts';
import type { Headers } from '../exchange/headers.ts';
import type { Fields } from './check.ts';
import { corrupt, numberField } from './check.ts';
import { isDigest } from './file-name.ts';
import type { Reading, Spelling } from './tree.ts';

/** Where a body is, of a request or a response. */
type BodyMembers = Pick<RecordedRequest, 'body' | 'stored'>;

/** Opens a body that lies in a file of its own; `from` is whose it is. */
export type OpenStored = (
  reference: { readonly sha256: string; readonly bytes: number },
  from: 'client' | 'server',
) => StoredBody;

/** The member of a message that holds its body, or says where that is. */
export function bodyTree(
  { body, stored, headers }: BodyMembers & { readonly headers: Headers },
  from: 'client' | 'server',
  spelling: Spelling,
): Fields {
  if (stored !== undefined) return { body: { file: stored.sha256, bytes: stored.bytes } };
  return body === undefined ? {} : { body: spelling.writeBody(body, { headers, from }) };
}

/** The body of a message, or where it is. @throws Failure CASSETTE_CORRUPT, naming the field */
export function readBody(
  message: Fields,
  from: 'client' | 'server',
  { where, spelling, stored }: Pick<Reading, 'where' | 'spelling' | 'stored'>,
): BodyMembers {
  const { body } = message;
  if (body === undefined || body === null) return {};
  const reference = referenceIn(body, `${where}.body`);
  if (reference !== undefined) return { stored: stored(reference, from) };
  return { body: spelling.readBody(body, `${where}.body`) };
}

function referenceIn(
  body: unknown,
  where: string,
): { readonly sha256: string; readonly bytes: number } | undefined {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'file')) return undefined;
  const fields = body as Fields;
  const { file } = fields;
  // A cassette from elsewhere must not have `../../etc/passwd` served.
  if (typeof file !== 'string' || !isDigest(file)) {
    throw corrupt(`${where}.file`, 'is no SHA-256 in hex, in lower case');
  }
  const bytes = numberField(fields, 'bytes', where);
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw corrupt(`${where}.bytes`, 'is no length');
  return { sha256: file, bytes };
}
