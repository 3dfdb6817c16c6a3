import { isUtf8 } from 'node:buffer';
import { packedData, typeCode, typeName } from './dns-packed.ts';
import type { ServiceBinding } from './dns-service.ts';
import { readServiceBinding, writeServiceBinding } from './dns-service.ts';
import type { DnsWriter } from './dns-writer.ts';

/** What a record says, as people read and write it. */
export type RecordData = string | readonly unknown[] | Readonly<Record<string, unknown>>;

/** A resource record (RFC 1035, 3.2.1). */
export interface ResourceRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly data: RecordData;
}

/** A record as the codec reads it. */
export interface PackedRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl?: number | undefined;
  readonly data?: unknown;
}

/** Makes a record readable that the codec has read. */
export function readRecord({ name, type, ttl = 0, data }: PackedRecord): ResourceRecord {
  const known = typeName(type);
  return { name, type: known, ttl, data: readData(known, data) };
}

/** Appends a record. @throws Error where its data is none of its type */
export function writeRecord(writer: DnsWriter, record: ResourceRecord, classCode: number): void {
  const code = typeCode(record.type);
  if (code === 0) throw new RangeError(`${JSON.stringify(record.type)} is no type of records`);
  writer.name(record.name, true);
  writer.uint16(code);
  writer.uint16(classCode);
  writer.uint32(record.ttl);
  writer.sized(() => writeData(writer, record));
}

function readData(type: string, data: unknown): RecordData {
  switch (type) {
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'NS':
    case 'PTR':
    case 'DNAME':
      return String(data);
    case 'TXT':
      return (data as readonly Buffer[]).map((text) =>
        isUtf8(text) ? String(text) : base64(text),
      );
    case 'MX':
    case 'SRV':
    case 'SOA':
      return data as Readonly<Record<string, unknown>>;
    case 'CAA': {
      const { flags, tag, value } = data as Readonly<Record<string, unknown>>;
      return { flags, tag, value };
    }
    case 'HTTPS':
    case 'SVCB':
      return readService(data as Buffer);
    default:
      return base64(Buffer.isBuffer(data) ? data : packedData(type, data));
  }
}

/** One that breaks the rules of its type is kept as it is. */
function readService(bytes: Buffer): RecordData {
  try {
    return { ...readServiceBinding(bytes) };
  } catch {
    return base64(bytes);
  }
}

function base64(bytes: Buffer): RecordData {
  return { base64: bytes.toString('base64') };
}

/** Names are pointed to in the types of RFC 1035 alone (RFC 3597, 4). */
function writeData(writer: DnsWriter, { type, data }: ResourceRecord): void {
  const raw = bytesOf(data);
  if (raw !== undefined) return writer.bytes(raw);
  switch (type) {
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return writer.name(textOf(data), true);
    case 'MX': {
      const { preference, exchange } = fieldsOf(data);
      writer.uint16(numberOf(preference));
      return writer.name(textOf(exchange), true);
    }
    case 'SOA':
      return writeAuthority(writer, fieldsOf(data));
    case 'TXT':
      return writer.bytes(packedData(type, textsOf(data)));
    case 'HTTPS':
    case 'SVCB':
      return writer.bytes(writeServiceBinding(serviceOf(fieldsOf(data))));
    case 'A':
    case 'AAAA':
    case 'DNAME':
      return writer.bytes(packedData(type, textOf(data)));
    case 'SRV':
    case 'CAA':
      return writer.bytes(packedData(type, checked(fieldsOf(data))));
    default:
      throw new RangeError(`of type ${type} only { base64 } is written`);
  }
}

function writeAuthority(writer: DnsWriter, data: Readonly<Record<string, unknown>>): void {
  writer.name(textOf(data['mname']), true);
  writer.name(textOf(data['rname']), true);
  for (const member of ['serial', 'refresh', 'retry', 'expire', 'minimum']) {
    writer.uint32(numberOf(data[member]));
  }
}

/** The codec takes what is missing for nothing at all. */
function checked(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  for (const member of 'tag' in data ? ['flags'] : ['priority', 'weight', 'port']) {
    numberOf(data[member]);
  }
  for (const member of 'tag' in data ? ['tag', 'value'] : ['target']) textOf(data[member]);
  return data;
}

function serviceOf({
  priority,
  target,
  params,
}: Readonly<Record<string, unknown>>): ServiceBinding {
  return { priority: numberOf(priority), target: textOf(target), params: fieldsOf(params) };
}

function textsOf(data: unknown): readonly Buffer[] {
  if (!Array.isArray(data)) throw new RangeError('is no list of texts');
  return data.map((one: unknown) => {
    const bytes = bytesOf(one) ?? Buffer.from(textOf(one));
    if (bytes.length > 255) throw new RangeError('has a text of more than 255 bytes');
    return bytes;
  });
}

function bytesOf(data: unknown): Buffer | undefined {
  if (typeof data !== 'object' || data === null || !('base64' in data)) return undefined;
  return Buffer.from(textOf(data.base64), 'base64');
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new RangeError('is no text');
  return value;
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new RangeError('is no number');
  return value;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new RangeError('is no object');
  return value as Readonly<Record<string, unknown>>;
}
