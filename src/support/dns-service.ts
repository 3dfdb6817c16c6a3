import { packedData, unpackedData } from './dns-packed.ts';

/** What an HTTPS or SVCB record says (RFC 9460). */
export interface ServiceBinding {
  /** 0: an alias of the target. */
  readonly priority: number;
  /** `.` is the owner of the record itself. */
  readonly target: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const keys: readonly string[] = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
  'dohpath',
];

/** Reads the data of such a record. @throws RangeError where it is none */
export function readServiceBinding(bytes: Buffer): ServiceBinding {
  const priority = bytes.readUInt16BE(0);
  const { name: target, end } = readName(bytes, 2);
  const params: Record<string, unknown> = {};
  for (let at = end; at < bytes.length; ) {
    const key = bytes.readUInt16BE(at);
    const length = bytes.readUInt16BE(at + 2);
    const value = bytes.subarray(at + 4, at + 4 + length);
    if (value.length < length) throw new RangeError('a parameter is cut');
    params[keys[key] ?? `key${key}`] = readValue(keys[key], value);
    at += 4 + length;
  }
  return { priority, target, params };
}

/** Writes it, the parameters in the order of their numbers. @throws RangeError where it cannot be */
export function writeServiceBinding({ priority, target, params }: ServiceBinding): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(priority);
  const values = Object.entries(params)
    .map(([key, value]) => ({ key: keyCode(key), value: writeValue(key, value) }))
    .toSorted((one, other) => one.key - other.key);
  const written = values.map(({ key, value }) => {
    const start = Buffer.alloc(4);
    start.writeUInt16BE(key, 0);
    start.writeUInt16BE(value.length, 2);
    return Buffer.concat([start, value]);
  });
  return Buffer.concat([head, writeName(target), ...written]);
}

function readValue(key: string | undefined, value: Buffer): unknown {
  switch (key) {
    case 'mandatory':
      return pieces(value, 2).map((code) => keyName(code.readUInt16BE(0)));
    case 'alpn':
      return readTexts(value);
    case 'no-default-alpn':
      return true;
    case 'port':
      return value.readUInt16BE(0);
    case 'ipv4hint':
      return pieces(value, 4).map((bytes) => unpackedData('A', bytes));
    case 'ipv6hint':
      return pieces(value, 16).map((bytes) => unpackedData('AAAA', bytes));
    case 'dohpath':
      return value.toString();
    default:
      // Encrypted Client Hello, and what is not known here.
      return { base64: value.toString('base64') };
  }
}

function writeValue(key: string, value: unknown): Buffer {
  switch (key) {
    case 'mandatory':
      return Buffer.concat(textsOf(value).map((name) => uint16(keyCode(name))));
    case 'alpn':
      return Buffer.concat(textsOf(value).map(lengthFirst));
    case 'no-default-alpn':
      return Buffer.alloc(0);
    case 'port':
      return uint16(Number(value));
    case 'ipv4hint':
      return Buffer.concat(addressesOf(value, 'A'));
    case 'ipv6hint':
      return Buffer.concat(addressesOf(value, 'AAAA'));
    case 'dohpath':
      return Buffer.from(String(value));
    default:
      return base64Of(value);
  }
}

function keyName(code: number): string {
  return keys[code] ?? `key${code}`;
}

function keyCode(key: string): number {
  const known = keys.indexOf(key);
  const code = known === -1 ? Number(/^key(\d{1,5})$/.exec(key)?.[1]) : known;
  if (!(code <= 65_535)) throw new RangeError(`${JSON.stringify(key)} is no parameter`);
  return code;
}

function pieces(bytes: Buffer, length: number): readonly Buffer[] {
  if (bytes.length % length !== 0) throw new RangeError('a list in a parameter is cut');
  return Array.from({ length: bytes.length / length }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
}

function readTexts(bytes: Buffer): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt8(at) + 1) {
    texts.push(bytes.toString('utf8', at + 1, at + 1 + bytes.readUInt8(at)));
  }
  return texts;
}

function lengthFirst(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new RangeError('a parameter is no list of texts');
}

function addressesOf(value: unknown, type: 'A' | 'AAAA'): readonly Buffer[] {
  return textsOf(value).map((address) => packedData(type, address));
}

function base64Of(value: unknown): Buffer {
  if (typeof value === 'object' && value !== null && 'base64' in value) {
    return Buffer.from(String(value.base64), 'base64');
  }
  throw new RangeError('a parameter is no { base64 }');
}

/** Targets are never compressed (RFC 9460, 2.2). */
function readName(bytes: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = bytes.readUInt8(at); length > 0; length = bytes.readUInt8(at)) {
    if (length > 63) throw new RangeError('a target is compressed');
    labels.push(bytes.toString('utf8', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.length === 0 ? '.' : labels.join('.'), end: at + 1 };
}

function writeName(name: string): Buffer {
  const labels = name === '.' ? [] : name.split('.');
  return Buffer.concat([...labels.map((label) => lengthFirst(label)), Buffer.alloc(1)]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
