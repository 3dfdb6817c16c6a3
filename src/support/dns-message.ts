import { decode, encode, RECURSION_AVAILABLE, RECURSION_DESIRED } from 'dns-packet';
import type { Answer, DecodedPacket } from 'dns-packet';

/** What a message asks for: exactly one name of the Internet. */
export interface AskedName {
  /** Lower-case, without the last dot. */
  readonly name: string;
  readonly type: string;
}

/** What a message says of the name that it was asked for. */
export interface ToldName {
  readonly code: string;
  /** Of the asked type, A or AAAA; none of other types. */
  readonly addresses: readonly string[];
  /** Seconds; the least of all records, 0 where there is none. */
  readonly ttl: number;
}

/** What a message asks; nothing where it is no ordinary question (RFC 1035, 4.1), so that no answer is due. */
export function readQuestion(message: Buffer): AskedName | undefined {
  const packet = tryToDecode(message);
  const [question, ...more] = packet?.questions ?? [];
  if (packet?.type !== 'query' || packet.opcode !== 'QUERY') return undefined;
  if (question === undefined || more.length > 0) return undefined;
  return { name: question.name.toLowerCase().replace(/\.$/, ''), type: question.type };
}

/** What a response says; nothing where it is none. */
export function readResponse(message: Buffer): ToldName | undefined {
  const packet = tryToDecode(message);
  if (packet?.type !== 'response') return undefined;
  const type = packet.questions?.[0]?.type;
  const answers = packet.answers ?? [];
  const addresses = answers.flatMap((answer) =>
    (answer.type === 'A' || answer.type === 'AAAA') && answer.type === type ? [answer.data] : [],
  );
  const lives = answers.flatMap((answer) =>
    'ttl' in answer && answer.ttl !== undefined ? [answer.ttl] : [],
  );
  return { code: packet.rcode, addresses, ttl: lives.length === 0 ? 0 : Math.min(...lives) };
}

const codes: readonly string[] = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN'];

/** Writes the response to a question: its id and its very spelling of the name, and what is to be told. */
export function writeResponse(question: Buffer, told: ToldName): Buffer {
  const asked = decode(question);
  const [first] = asked.questions ?? [];
  const answers: Answer[] = [];
  for (const data of told.addresses) {
    const type = first?.type;
    if (first === undefined || (type !== 'A' && type !== 'AAAA')) break;
    answers.push({ type, name: first.name, ttl: told.ttl, data });
  }
  const code = codes.indexOf(told.code);
  const recursion = asked.flag_rd ? RECURSION_DESIRED : 0;
  return encode({
    id: asked.id ?? 0,
    type: 'response',
    // The last four bits are the code.
    flags: recursion | RECURSION_AVAILABLE | (code === -1 ? 2 : code),
    questions: asked.questions ?? [],
    answers,
  });
}

/** The id of a message, which its response repeats. */
export function messageId(message: Buffer): number {
  return message.length < 2 ? 0 : message.readUInt16BE(0);
}

/** The same message under another id. */
export function withMessageId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}

/** A message as it travels over TCP, its length before it (RFC 1035, 4.2.2). */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length, 0);
  return Buffer.concat([length, message]);
}

/** The first message of some bytes that came over TCP, and the bytes behind it; nothing while it is not whole. */
export function unframed(
  bytes: Buffer,
): { readonly message: Buffer; readonly rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const end = 2 + bytes.readUInt16BE(0);
  if (bytes.length < end) return undefined;
  return { message: bytes.subarray(2, end), rest: bytes.subarray(end) };
}

/** Whoever can reach a resolver can send it anything. */
function tryToDecode(message: Buffer): DecodedWithCode | undefined {
  try {
    // The codec sets both; its published types leave them out.
    return decode(message) as DecodedWithCode;
  } catch {
    return undefined;
  }
}

type DecodedWithCode = DecodedPacket & { readonly rcode: string; readonly opcode: string };
