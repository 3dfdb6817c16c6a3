import type { Entry } from '../cassette/cassette.ts';
import { bodyDigest, digestBody, isMultipart, unreadBody } from '../cassette/cassette.ts';
import type { Part, Parts } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import type { Headers } from '../exchange/headers.ts';
import { headerTokens } from '../exchange/headers.ts';
import { announcedLength } from '../exchange/http.ts';
import type { Interaction, StoredBody } from '../exchange/interaction.ts';
import type { Rereadable } from '../support/rereadable.ts';
import { isRereadable } from '../support/rereadable.ts';

/** What is read of a body that somebody else has to read again is kept in memory, up to so many bytes. */
export const rereadBytesMax = 16 * 1024 * 1024;

/** Stands for a body that is not compared, so that the head alone decides. */
const anyBody = '*';

/** A request and what it may be answered with. */
export interface Digested {
  readonly exchange: HttpExchange;
  readonly entries: readonly Entry[];
  /** Bodies over this many bytes are not compared. */
  readonly bodyBytesMax: number;
}

/**
 * The digest of a request's body, as `Entry` has it. It is made while the body streams, and nothing
 * is kept; unless somebody is to read it again, and then no more than `rereadBytesMax`: what is longer
 * is told by its length (`#` and the bytes) where it announces one, and else not compared.
 */
export async function requestDigest({
  exchange,
  entries,
  bodyBytesMax,
}: Digested): Promise<string> {
  const { body, head } = exchange;
  if (exchange.kind !== 'http') return anyBody;
  // Such requests were answered before they were whole: to wait for the whole might be to wait for ever.
  if (entries.every(({ interaction }) => interaction.request.partial === true)) return anyBody;
  if (isMultipart(head.headers)) await readDigests(entries);
  if (body === undefined || Buffer.isBuffer(body)) return bodyDigest(body, head.headers);
  if (headerTokens(head.headers, 'expect').includes('100-continue')) {
    exchange.inform({ status: 100, statusText: 'Continue', headers: [], httpVersion: '1.1' });
  }
  return isRereadable(body)
    ? digestAhead(body, head.headers)
    : digestStream(body, head.headers, bodyBytesMax);
}

/** Second step of matching: the entries whose request had this very body. */
export function withBody(entries: readonly Entry[], digest: string): readonly Entry[] {
  if (digest === anyBody) return entries;
  if (digest.startsWith('#')) return entries.filter(({ interaction }) => fits(interaction, digest));
  return entries.filter(
    (entry) => digestOf(entry) === digest || entry.interaction.request.partial === true,
  );
}

/** Reads the files of requests whose digest is not known without; each once. */
async function readDigests(entries: readonly Entry[]): Promise<void> {
  for (const { bodyDigest: known, interaction } of entries) {
    const { stored, headers } = interaction.request;
    if (known !== unreadBody || stored === undefined || digests.has(interaction)) continue;
    digests.set(interaction, await digestFile(stored, headers));
  }
}

/** One digest an interaction; they go with it. */
const digests = new WeakMap<Interaction, string>();

function digestOf({ bodyDigest: known, interaction }: Entry): string {
  return known === unreadBody ? (digests.get(interaction) ?? known) : known;
}

async function digestFile(stored: StoredBody, headers: Headers): Promise<string> {
  const digesting = digestBody(headers);
  for await (const bytes of stored.read()) digesting.update(bytes);
  return digesting.digest();
}

async function digestStream(parts: Parts, headers: Headers, bytesMax: number): Promise<string> {
  const digesting = digestBody(headers);
  let size = 0;
  for await (const { bytes } of parts) {
    digesting.update(bytes);
    size += bytes.length;
    // Nothing that was recorded whole is as long as this.
    if (size > bytesMax) return anyBody;
  }
  return digesting.digest();
}

async function digestAhead(reading: Rereadable<Part>, headers: Headers): Promise<string> {
  if (!(await reading.readAhead(rereadBytesMax))) {
    const length = announcedLength(headers);
    return length === undefined ? anyBody : `#${length}`;
  }
  const digesting = digestBody(headers);
  for (const { bytes } of reading.ahead) digesting.update(bytes);
  return digesting.digest();
}

function fits({ request }: Interaction, length: string): boolean {
  if (request.partial === true) return true;
  return length === `#${request.stored?.bytes ?? request.body?.length ?? 0}`;
}
