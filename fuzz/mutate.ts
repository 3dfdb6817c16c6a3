/** Inputs never grow beyond this, so that a run stays a matter of microseconds. */
const bytesMax = 8192;

/** Numbers that parsers stumble over: borders of lengths, signs and types. */
const odd: readonly number[] = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x3fff, 0x4000, 0xffff, 0x10000];

type Random = () => number;

/** Some bytes made of others: changed, cut, doubled, spliced; the same for the same random numbers. */
export function mutated(
  corpus: readonly Buffer[],
  random: Random,
  words: readonly Buffer[],
): Buffer {
  let bytes = pick(corpus, random) ?? Buffer.alloc(0);
  for (let times = 1 + below(4, random); times > 0; times -= 1) {
    bytes = (pick(ways, random) ?? flip)(bytes, { corpus, random, words });
  }
  return bytes.subarray(0, bytesMax);
}

interface Means {
  readonly corpus: readonly Buffer[];
  readonly random: Random;
  readonly words: readonly Buffer[];
}

type Way = (bytes: Buffer, means: Means) => Buffer;

const flip: Way = (bytes, { random }) => {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) {
    const at = below(copy.length, random);
    copy[at] = (copy[at] ?? 0) ^ (1 << below(8, random));
  }
  return copy;
};

const ways: readonly Way[] = [
  flip,
  function setByte(bytes, { random }) {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[below(copy.length, random)] = below(256, random);
    return copy;
  },
  function oddNumber(bytes, { random }) {
    const copy = Buffer.from(bytes);
    const width = pick([1, 2, 3, 4], random) ?? 1;
    if (copy.length < width) return copy;
    const value = (pick(odd, random) ?? 0) % 2 ** (8 * width);
    copy.writeUIntBE(value, below(copy.length - width + 1, random), width);
    return copy;
  },
  function cut(bytes, { random }) {
    return bytes.subarray(0, below(bytes.length + 1, random));
  },
  function remove(bytes, { random }) {
    const at = below(bytes.length + 1, random);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + below(16, random))]);
  },
  function double(bytes, { random }) {
    const at = below(bytes.length + 1, random);
    const piece = bytes.subarray(at, at + 1 + below(64, random));
    const copies = Array.from({ length: 1 + below(8, random) }, () => piece);
    return Buffer.concat([bytes.subarray(0, at), ...copies, bytes.subarray(at)]);
  },
  function insertWord(bytes, { random, words }) {
    const at = below(bytes.length + 1, random);
    const word = pick(words, random) ?? Buffer.from([below(256, random)]);
    return Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(at)]);
  },
  function splice(bytes, { corpus, random }) {
    const other = pick(corpus, random) ?? bytes;
    const head = bytes.subarray(0, below(bytes.length + 1, random));
    return Buffer.concat([head, other.subarray(below(other.length + 1, random))]);
  },
];

function below(bound: number, random: Random): number {
  return Math.floor(random() * bound);
}

function pick<Item>(items: readonly Item[], random: Random): Item | undefined {
  return items[below(items.length, random)];
}
