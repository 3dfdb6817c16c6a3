import { isUtf8 } from 'node:buffer';

/** A field of a message as it stands on the wire (protobuf's encoding guide): a number, and its bytes. */
interface WireField {
  readonly number: number;
  /** 0: a varint; 1: eight bytes; 2: bytes with a length; 5: four bytes. Groups, long deprecated, are none. */
  readonly type: 0 | 1 | 2 | 5;
  /** The value alone; of a varint its bytes. */
  readonly value: Buffer;
  /** Tag, length and value. */
  readonly whole: Buffer;
}

/** Which fields of a message do not count: the whole of it, or what is in it. */
export interface Ignored {
  readonly fields: ReadonlyMap<number, 'ignored' | Ignored | (() => Ignored)>;
}

/** A message is looked into no deeper, so that one made to hurt cannot exhaust the stack. */
const depthMax = 32;

/**
 * What a message says as far as its bytes tell without descriptors: values by the number of their
 * field, lists where one repeats. A guess, for people: bytes that could be a text are shown as one.
 */
export function wireForm(message: Buffer): Readonly<Record<string, unknown>> | undefined {
  return formOf(message, depthMax);
}

/** A message without the fields that do not count; what is no message, or has none of them, as it is. */
export function withoutFields(message: Buffer, ignored: Ignored, depth = depthMax): Buffer {
  const fields = ignored.fields.size === 0 || depth === 0 ? undefined : readFields(message);
  if (fields === undefined) return message;
  const kept = fields.flatMap((field): Buffer[] => {
    const how = ignored.fields.get(field.number);
    if (how === 'ignored') return [];
    if (how === undefined || field.type !== 2) return [field.whole];
    const inner = typeof how === 'function' ? how() : how;
    const rest = withoutFields(field.value, inner, depth - 1);
    return rest === field.value ? [field.whole] : [withLength(field.number, rest)];
  });
  const isWhole = kept.every((bytes, place) => bytes === fields[place]?.whole);
  return isWhole && kept.length === fields.length ? message : Buffer.concat(kept);
}

function formOf(message: Buffer, depth: number): Readonly<Record<string, unknown>> | undefined {
  const fields = depth === 0 ? undefined : readFields(message);
  if (fields === undefined) return undefined;
  const form: Record<string, unknown> = {};
  const repeated = new Map<number, unknown[]>();
  for (const field of fields) {
    const list = repeated.get(field.number) ?? [];
    repeated.set(field.number, list);
    list.push(valueOf(field, depth));
    form[field.number] = list.length === 1 ? list[0] : list;
  }
  return form;
}

function valueOf({ type, value }: WireField, depth: number): unknown {
  switch (type) {
    case 0: {
      const whole = varintAt(value, 0)?.value ?? 0n;
      return whole <= Number.MAX_SAFE_INTEGER ? Number(whole) : whole.toString();
    }
    case 1:
      return { fixed64: value.toString('hex') };
    case 5:
      return { fixed32: value.toString('hex') };
    case 2: {
      if (isText(value)) return value.toString();
      return formOf(value, depth - 1) ?? { base64: value.toString('base64') };
    }
  }
}

function isText(bytes: Buffer): boolean {
  // oxlint-disable-next-line no-control-regex
  return isUtf8(bytes) && !/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(bytes.toString());
}

/** The fields of a message; nothing where its bytes are none. */
function readFields(message: Buffer): readonly WireField[] | undefined {
  const fields: WireField[] = [];
  for (let at = 0; at < message.length; ) {
    const field = fieldAt(message, at);
    if (field === undefined) return undefined;
    fields.push(field);
    at += field.whole.length;
  }
  return fields;
}

function fieldAt(message: Buffer, at: number): WireField | undefined {
  const tag = varintAt(message, at);
  if (tag === undefined || tag.value > 0xffffffffn) return undefined;
  const number = Number(tag.value >> 3n);
  const type = Number(tag.value & 7n);
  const place = placeOfValue(message, type, tag.end);
  if (number === 0 || place === undefined || place.end > message.length) return undefined;
  const value = message.subarray(place.from, place.end);
  const whole = message.subarray(at, place.end);
  return type === 0 || type === 1 || type === 2 || type === 5
    ? { number, type, value, whole }
    : undefined;
}

interface Place {
  readonly from: number;
  readonly end: number;
}

function placeOfValue(message: Buffer, type: number, from: number): Place | undefined {
  if (type === 1) return { from, end: from + 8 };
  if (type === 5) return { from, end: from + 4 };
  const first = varintAt(message, from);
  if (first === undefined) return undefined;
  if (type === 0) return { from, end: first.end };
  return type === 2 ? { from: first.end, end: first.end + Number(first.value) } : undefined;
}

function varintAt(
  message: Buffer,
  from: number,
): { readonly value: bigint; readonly end: number } | undefined {
  let value = 0n;
  for (let at = from; at < Math.min(message.length, from + 10); at += 1) {
    const byte = message[at] ?? 0;
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - from));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}

/** A field of type 2 on the wire. */
export function withLength(number: number, value: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(value.length), value]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** What stands in the fields of type 2 with that number; nothing in what is no message. */
export function bytesIn(message: Buffer, number: number): readonly Buffer[] {
  const fields = readFields(message) ?? [];
  return fields.filter((one) => one.number === number && one.type === 2).map(({ value }) => value);
}
