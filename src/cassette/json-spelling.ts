import { hash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import type { RecordedMessage } from '../exchange/interaction.ts';
import type { Fields } from './check.ts';
import { corrupt, fieldsOf } from './check.ts';
import { codingOf, contentCoding, decode, encode, encodesTo } from './coding.ts';
import { readReadable, writeReadable } from './readable.ts';
import type { Spelling } from './tree.ts';

/** Bytes as JSON holds them: JSON, text or base64, whichever is exact; `warn` hears of bodies encoded anew with another outcome. */
export function jsonSpelling(warn: (line: string) => void): Spelling {
  return {
    writeBody,
    readBody: (value, where) => readBody(fieldsOf(value, where), where, warn),
    writeMessage,
    readMessage: (fields, where) => {
      if (typeof fields['text'] === 'string') return Buffer.from(fields['text']);
      return base64Bytes(fields, where);
    },
  };
}

const writeBody: Spelling['writeBody'] = (body, { headers, from }) => {
  const coding = contentCoding(headers);
  if (coding === undefined) return writeReadable(body) ?? base64(body);
  const decoded = decode(coding, body);
  const readable = decoded === undefined ? undefined : writeReadable(decoded);
  if (decoded === undefined || readable === undefined) return base64(body);
  // A request is matched by its very bytes, which another zlib would not give again.
  if (from === 'server' && encodesTo(coding, decoded, body)) {
    return { ...readable, encoding: coding, sha256: hash('sha256', body, 'hex') };
  }
  return { ...base64(body), encoding: coding, decoded: readable };
};

function readBody(fields: Fields, where: string, warn: (line: string) => void): Buffer {
  if (fields['base64'] !== undefined) return base64Bytes(fields, where);
  const plain = readReadable(fields, where);
  if (plain === undefined) throw corrupt(where, 'has none of json, text and base64');
  const { encoding, sha256 } = fields;
  if (encoding === undefined) return plain;
  const coding = typeof encoding === 'string' ? codingOf(encoding) : undefined;
  if (coding === undefined)
    throw corrupt(`${where}.encoding`, 'is none of gzip, deflate, br, zstd');
  const encoded = encode(coding, plain);
  if (sha256 !== undefined && sha256 !== hash('sha256', encoded, 'hex')) {
    warn(`${where}: edited by hand, or recorded with another zlib; it is encoded anew`);
  }
  return encoded;
}

function writeMessage({ bytes, kind }: RecordedMessage): Fields {
  // Protobuf can happen to be UTF-8; a message that is to be read as text is JSON.
  if (kind === 'message' && !isJson(bytes)) return base64(bytes);
  return isUtf8(bytes) ? { text: bytes.toString('utf8') } : base64(bytes);
}

function isJson(bytes: Buffer): boolean {
  return writeReadable(bytes)?.['json'] !== undefined;
}

function base64(bytes: Buffer): Fields {
  return { base64: bytes.toString('base64') };
}

/** Node reads past what is no base64, which would silently change a body. */
function base64Bytes(fields: Fields, where: string): Buffer {
  const text = fields['base64'];
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : undefined;
  if (bytes === undefined || bytes.toString('base64') !== text) {
    throw corrupt(`${where}.base64`, 'is no base64');
  }
  return bytes;
}
