import type { DecodedWithCode, EdnsRecord } from './dns-message.ts';
import {
  decodeMessage,
  ednsOf,
  isTruncated,
  messageId,
  questionAt,
  questionEnd,
} from './dns-message.ts';
import type { ResourceRecord } from './dns-records.ts';
import { readRecord, writeRecord } from './dns-records.ts';
import { createDnsWriter } from './dns-writer.ts';

/** What a response says, apart from who asked and how. */
export interface Finding {
  readonly code: string;
  /** `aa`, `ra`, `ad`, in this order. */
  readonly flags: readonly string[];
  readonly records: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
  readonly edns?: { readonly size: number; readonly errors: readonly string[] };
  /** The message without id and EDNS, where writing the records would give other bytes. */
  readonly wire?: Buffer;
}

/** By their numbers (RFC 6895, 2.3). */
const codes: readonly string[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
];
const flagBits = [
  ['aa', 0x0400],
  ['ra', 0x0080],
  ['ad', 0x0020],
] as const;
const bits = { response: 0x8000, truncated: 0x0200, recursion: 0x0100, unchecked: 0x0010 } as const;
/** A text of a resolver's own that says why (RFC 8914). */
const extendedError = 15;
const answerOk = 0x8000;

/** A finding of a resolver that says no more than a code, and perhaps records. */
export function plainFinding(code: string, records: readonly ResourceRecord[] = []): Finding {
  return { code, flags: ['ra'], records, authority: [], additional: [] };
}

/** Addresses as records of the name that was asked for. */
export function addressRecords(
  { name, type }: { readonly name: string; readonly type: string },
  { addresses, ttl }: { readonly addresses: readonly string[]; readonly ttl: number },
): readonly ResourceRecord[] {
  return addresses.map((data) => ({ name, type, ttl, data }));
}

/** The addresses that an answer leads to, through whatever aliases. */
export function addressesIn(answer: Buffer): readonly string[] {
  return (decodeMessage(answer)?.answers ?? []).flatMap((record) =>
    record.type === 'A' || record.type === 'AAAA' ? [record.data] : [],
  );
}

/** What a response says; nothing where it is none, or says of itself that it is not whole. */
export function readFinding(message: Buffer): Finding | undefined {
  const packet = decodeMessage(message);
  const end = questionEnd(message);
  if (packet?.type !== 'response' || packet.questions?.length !== 1) return undefined;
  if (end === undefined || isTruncated(message)) return undefined;
  try {
    const finding = findingOf(packet);
    const bare = bareMessage(message, packet);
    const written = writeAnswer(bare.subarray(0, end), finding, { bare: true });
    return bare.equals(written) ? finding : { ...finding, wire: bare };
  } catch {
    // A record that cannot be read, or whose data cannot be written.
    return undefined;
  }
}

/**
 * Writes the answer to a question: its id, its very spelling of the name, EDNS where it has it.
 * What is over the limit is cut, and the answer says so.
 * @throws Error where a record's data is none of its type
 */
export function writeAnswer(
  question: Buffer,
  finding: Finding,
  { limit = 65_535, bare = false }: { readonly limit?: number; readonly bare?: boolean } = {},
): Buffer {
  const end = questionEnd(question) ?? questionAt;
  const asked = bare ? undefined : decodeMessage(question);
  const spoken = asked && ednsOf(asked);
  const edns = spoken && finding.edns && ednsBytes(finding.code, finding.edns, spoken.flag_do);
  const room = limit - (edns?.length ?? 0);
  const { wire } = finding;
  const fits = wire !== undefined && questionEnd(wire) === end && wire.length <= room;
  const body = fits ? Buffer.from(wire) : writeSections(question.subarray(0, end), finding, room);
  question.copy(body, questionAt, questionAt, end);
  body.writeUInt16BE(messageId(question), 0);
  body.writeUInt16BE(
    flagsOf(finding, asked?.flags ?? 0) | (body.readUInt16BE(2) & bits.truncated),
    2,
  );
  if (edns === undefined) return body;
  body.writeUInt16BE(body.readUInt16BE(10) + 1, 10);
  return Buffer.concat([body, edns]);
}

/** The same answer within a limit of bytes: whole records of it, and the word that it is not whole. */
export function withinBytes(answer: Buffer, question: Buffer, limit: number): Buffer {
  if (answer.length <= limit) return answer;
  const finding = readFinding(answer) ?? plainFinding(codeOf(answer.readUInt16BE(2) & 0x0f));
  const { wire: _, ...records } = finding;
  const cut = writeAnswer(question, records, { limit });
  cut.writeUInt16BE(cut.readUInt16BE(2) | bits.truncated, 2);
  return cut;
}

function findingOf(packet: DecodedWithCode): Finding {
  const edns = ednsOf(packet);
  const extended = edns?.extendedRcode ?? 0;
  const read = (section: DecodedWithCode['answers']): readonly ResourceRecord[] =>
    (section ?? []).flatMap((record) =>
      record.type === 'OPT' ? [] : [ownSpelling(packet, readRecord(record))],
    );
  return {
    code: codeOf((packet.flags & 0x0f) | (extended << 4)),
    flags: flagBits.flatMap(([name, bit]) => ((packet.flags & bit) === 0 ? [] : [name])),
    records: read(packet.answers),
    authority: read(packet.authorities),
    additional: read(packet.additionals),
    ...(edns === undefined ? {} : { edns: { size: edns.udpPayloadSize, errors: errorsOf(edns) } }),
  };
}

/** The name that was asked for has the case that a client gave it; recorded it has none. */
function ownSpelling(packet: DecodedWithCode, record: ResourceRecord): ResourceRecord {
  const name = packet.questions?.[0]?.name.toLowerCase();
  return record.name.toLowerCase() === name ? { ...record, name } : record;
}

/** Other options belong to one conversation: cookies, the client's network. */
function errorsOf({ options }: EdnsRecord): readonly string[] {
  return options
    .filter(({ code }) => code === extendedError)
    .map(({ data }) => data.toString('base64'));
}

/** A message without what belongs to one conversation: id, the client's flags and case, EDNS. */
function bareMessage(message: Buffer, packet: DecodedWithCode): Buffer {
  const edns = ednsOf(packet);
  const last = packet.additionals?.at(-1);
  const length = edns === undefined || last?.type !== 'OPT' ? 0 : ednsLength(edns);
  const bare = Buffer.from(message.subarray(0, message.length - length));
  bare.writeUInt16BE(0, 0);
  bare.writeUInt16BE((packet.flags & (0x0f | 0x0400 | 0x0080 | 0x0020)) | bits.response, 2);
  if (length > 0) bare.writeUInt16BE(bare.readUInt16BE(10) - 1, 10);
  const end = questionEnd(bare) ?? questionAt;
  bare.write(bare.toString('latin1', questionAt, end - 4).toLowerCase(), questionAt, 'latin1');
  return bare;
}

function ednsLength({ options }: EdnsRecord): number {
  return options.reduce((sum, { data }) => sum + 4 + data.length, 11);
}

function writeSections(question: Buffer, finding: Finding, limit: number): Buffer {
  const head = Buffer.alloc(questionAt);
  head.writeUInt16BE(1, 4);
  const start = Buffer.concat([head, question.subarray(questionAt)]);
  const writer = createDnsWriter(start, questionAt);
  const classCode = question.readUInt16BE(question.length - 2);
  const sections = [finding.records, finding.authority, finding.additional];
  const counts = [0, 0, 0];
  let truncated = false;
  for (const [place, section] of sections.entries()) {
    for (const record of section) {
      const before = writer.length;
      if (!truncated) writeRecord(writer, record, classCode);
      if (truncated || writer.length > limit) {
        writer.cutTo(before);
        truncated = true;
        break;
      }
      counts[place] = (counts[place] ?? 0) + 1;
    }
  }
  const message = writer.message();
  for (const [place, count] of counts.entries()) message.writeUInt16BE(count, 6 + 2 * place);
  if (truncated) message.writeUInt16BE(bits.truncated, 2);
  return message;
}

function flagsOf({ code, flags }: Finding, asked: number): number {
  const own = flagBits.reduce((sum, [name, bit]) => (flags.includes(name) ? sum | bit : sum), 0);
  const theirs = asked & (bits.recursion | bits.unchecked);
  return bits.response | own | theirs | (codeNumber(code) & 0x0f);
}

/** The pseudo-record of an answer, for those who sent one (RFC 6891, 7). */
function ednsBytes(
  code: string,
  { size, errors }: NonNullable<Finding['edns']>,
  dnssec: boolean,
): Buffer {
  const head = Buffer.alloc(11);
  head.writeUInt16BE(41, 1);
  head.writeUInt16BE(size, 3);
  head.writeUInt8(codeNumber(code) >> 4, 5);
  head.writeUInt16BE(dnssec ? answerOk : 0, 7);
  const options = errors.map((error) => {
    const data = Buffer.from(error, 'base64');
    const start = Buffer.alloc(4);
    start.writeUInt16BE(extendedError, 0);
    start.writeUInt16BE(data.length, 2);
    return Buffer.concat([start, data]);
  });
  const all = Buffer.concat([head, ...options]);
  all.writeUInt16BE(all.length - 11, 9);
  return all;
}

function codeOf(number: number): string {
  return codes[number] ?? `RCODE${number}`;
}

/** The number of a code; a failure of the server where nobody knows it. */
function codeNumber(code: string): number {
  const known = codes.indexOf(code);
  if (known !== -1) return known;
  return Number(/^RCODE(\d{1,4})$/.exec(code)?.[1] ?? 2);
}
