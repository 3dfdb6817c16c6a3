import { isDeepStrictEqual } from 'node:util';
import { Failure } from '../src/exchange/failure.ts';
import { parseClientHello } from '../src/intake/client-hello.ts';
import { detect } from '../src/intake/detect.ts';
import { recognise } from '../src/intake/recognise.ts';
import { fromTree, toTree } from '../src/cassette/tree.ts';
import type { OpenStored } from '../src/cassette/tree-body.ts';
import { readRecord, readSaid } from '../src/cassette/log-record.ts';
import { binarySpelling, unpack } from '../src/cassette/msgpack.ts';
import { parseJson } from '../src/cassette/json.ts';
import { readRoot } from '../src/cassette/content.ts';
import { ednsOf, decodeMessage, questionEnd, readQuestion } from '../src/support/dns-message.ts';
import { readFinding, writeAnswer } from '../src/support/dns-finding.ts';
import type { Target } from './fuzz.ts';
import { dnsSeeds, helloSeeds, jsonSeeds, logSeeds, packedSeeds, startSeeds } from './seeds.ts';

const text = (words: readonly string[]): Buffer[] =>
  words.map((word) => Buffer.from(word, 'latin1'));

/** What is said of some bytes is said of all that begin with them, unless it is `more`. */
function holdsForAllThatFollows(read: (bytes: Buffer) => unknown, bytes: Buffer): void {
  const whole = read(bytes);
  for (const share of [0.25, 0.5, 0.75]) {
    const early = read(bytes.subarray(0, Math.floor(bytes.length * share)));
    if (early !== 'more' && !isDeepStrictEqual(early, whole)) {
      throw new Error(`said ${JSON.stringify(early)} too early, for ${JSON.stringify(whole)}`);
    }
  }
}

/** Detection of the protocol by its first bytes. */
export const detection: Target = {
  name: 'detect',
  seeds: startSeeds,
  words: text(['GET ', 'CONNECT ', ' HTTP/1.1\r\n', 'PRI * ', '\r\n', 'http://', '\x16\x03\x01']),
  run(bytes) {
    holdsForAllThatFollows(detect, bytes);
    if (bytes.length >= 64 && detect(bytes) === 'more') throw new Error('undecided after 64 bytes');
    holdsForAllThatFollows(recognise, bytes);
  },
};

/** The ClientHello of TLS. */
export const clientHello: Target = {
  name: 'client-hello',
  seeds: helloSeeds,
  words: text(['\x16\x03\x01', '\x00\x00', '\x00\x10', '\x02h2', '\x00\x2b']),
  run(bytes) {
    holdsForAllThatFollows(parseClientHello, bytes);
    const read = parseClientHello(bytes);
    if (typeof read === 'string') return;
    const name = read.hello.serverName;
    if (name !== undefined && name.length > 255) throw new Error('a server name of any length');
  },
};

/** Messages of DNS: questions as clients send them, answers as resolvers do. */
export const dns: Target = {
  name: 'dns',
  seeds: dnsSeeds,
  words: text(['\xc0\x0c', '\x00\x01\x00\x01', '\x00\x29', '\x00\x41', '\x03www']),
  run(bytes) {
    const question = readQuestion(bytes);
    questionEnd(bytes);
    const packet = decodeMessage(bytes);
    if (packet !== undefined) ednsOf(packet);
    const finding = readFinding(bytes);
    if (finding === undefined || question === undefined) return;
    const again = readFinding(writeAnswer(bytes, finding));
    if (again?.code !== finding.code) throw new Error('an answer that cannot be written again');
  },
};

/** Cassettes as JSON: read, or refused with a failure that says where. */
export const cassetteJson: Target = {
  name: 'cassette-json',
  seeds: jsonSeeds,
  words: text(['"kind": "websocket"', '"messages": []', '"chunks": [[1, 2]]', 'null', '{}', '1e9']),
  run: (bytes) => failsInOrder(() => void readRoot(parseJson(bytes, 'f'), jsonSource)),
};

/** What lies in files of its own is not read here. */
const stored: OpenStored = (reference) => ({ ...reference, read: async function* none() {} });
const jsonSource = { file: 'f', format: 'json', warn: () => {}, stored } as const;

/** Interactions as MessagePack, as they stand in a log. */
export const cassettePacked: Target = {
  name: 'cassette-msgpack',
  seeds: packedSeeds,
  run: (bytes) =>
    failsInOrder(() => {
      const reading = { where: 'f', sequence: 0, spelling: binarySpelling, stored };
      toTree(fromTree(unpack(bytes, 'f'), reading), binarySpelling);
    }),
};

/** Records of a write-ahead log, which are read before anything of them is believed. */
export const logRecords: Target = {
  name: 'log-records',
  seeds: logSeeds,
  words: text(['draft', 'said', 'file', 'interaction', '../../etc/passwd', 'length']),
  run: (bytes) => {
    failsInOrder(() => void readRecord(bytes, 'f', 0));
    failsInOrder(() => void readSaid(bytes, 'f'));
  },
};

function failsInOrder(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}
