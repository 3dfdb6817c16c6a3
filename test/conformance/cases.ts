import { closeFrame, deflated, deflatedTogether, frame } from '../mode/frames.ts';

/** What a client does: says bytes, or waits until it has heard so many frames. */
export type Step = Buffer | number;

/** A conversation of a client with a server that says back what it hears. */
export interface Case {
  /** Its number in the published list of the Autobahn test suite, where it has one. */
  readonly id: string;
  readonly steps: readonly Step[];
  /** The extension that the client offers. */
  readonly offers?: string;
}

const mine = (opcode: number, payload: Buffer | string = '', fin = true): Buffer =>
  frame({ opcode, payload, fin, masked: true });
const text = (payload: Buffer | string): Buffer => mine(1, payload);
const packed = (payload: Buffer): Buffer =>
  frame({ opcode: 1, payload, masked: true, compressed: true });
const bye = closeFrame(1000, '', true);
const closing = (payload: Buffer): Buffer => mine(8, payload);
const code = (number: number, reason: Buffer | string = ''): Buffer =>
  closing(Buffer.concat([Buffer.from([number >> 8, number & 0xff]), Buffer.from(reason)]));

/** The same frame with other first bits: FIN and the reserved ones. */
function marked(bytes: Buffer, bits: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[0] = ((copy[0] ?? 0) & 0x8f) | (bits << 4);
  return copy;
}

const octets = (bytes: Buffer): readonly Buffer[] => [...bytes].map((byte) => Buffer.from([byte]));

function pieces(payload: Buffer, size: number): readonly Buffer[] {
  const count = Math.ceil(payload.length / size);
  return Array.from({ length: count }, (_, place) =>
    mine(
      place === 0 ? 1 : 0,
      payload.subarray(place * size, (place + 1) * size),
      place === count - 1,
    ),
  );
}

const lengths = [0, 125, 126, 127, 128, 65_535, 65_536];
const kosme = Buffer.from('κόσμε', 'utf8');
const badUtf8 = Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex');

const framing: readonly Case[] = [
  ...lengths.map((size, place) => ({
    id: `1.1.${place + 1}`,
    steps: [text('*'.repeat(size)), 1, bye],
  })),
  { id: '1.1.8', steps: [...chopped(text('*'.repeat(65_536)), 997), 1, bye] },
  ...lengths.map((size, place) => ({
    id: `1.2.${place + 1}`,
    steps: [mine(2, Buffer.alloc(size, 0xfe)), 1, bye],
  })),
];

function chopped(bytes: Buffer, size: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, place) =>
    bytes.subarray(place * size, (place + 1) * size),
  );
}

const pings: readonly Case[] = [
  { id: '2.1', steps: [mine(9), 1, bye] },
  { id: '2.2', steps: [mine(9, 'Hello, world!'), 1, bye] },
  { id: '2.3', steps: [mine(9, Buffer.from([0, 0xff, 0xfe])), 1, bye] },
  { id: '2.4', steps: [mine(9, Buffer.alloc(125, 0xfe)), 1, bye] },
  { id: '2.5', steps: [mine(9, Buffer.alloc(126, 0xfe))] },
  { id: '2.6', steps: [...octets(mine(9, Buffer.alloc(125, 0xfe))), 1, bye] },
  { id: '2.7', steps: [mine(10), bye] },
  { id: '2.9', steps: [mine(10, 'unsolicited'), mine(9, 'payload'), 1, bye] },
  { id: '2.10', steps: [...Array.from({ length: 10 }, (_, n) => mine(9, `${n}`)), 10, bye] },
];

const reserved: readonly Case[] = [
  { id: '3.1', steps: [marked(text('x'), 12)] },
  { id: '3.2', steps: [text('x'), 1, marked(text('x'), 10), mine(9)] },
  { id: '3.5', steps: [marked(mine(2, 'x'), 13)] },
  { id: '3.6', steps: [marked(mine(9, 'x'), 14)] },
  { id: '3.7', steps: [marked(bye, 15)] },
  ...[3, 4, 5, 6, 7].map((opcode, place) => ({
    id: `4.1.${place + 1}`,
    steps: [text('x'), 1, mine(opcode, place % 2 === 0 ? '' : 'reserved'), mine(9)],
  })),
  ...[11, 12, 13, 14, 15].map((opcode, place) => ({
    id: `4.2.${place + 1}`,
    steps: [text('x'), 1, mine(opcode, place % 2 === 0 ? '' : 'reserved'), mine(9)],
  })),
];

const fragmentation: readonly Case[] = [
  { id: '5.1', steps: [mine(9, 'one', false), mine(0, 'two')] },
  { id: '5.2', steps: [mine(10, 'one', false), mine(0, 'two')] },
  { id: '5.3', steps: [mine(1, 'one', false), mine(0, 'two'), 1, bye] },
  { id: '5.5', steps: [...octets(mine(1, 'one', false)), ...octets(mine(0, 'two')), 1, bye] },
  { id: '5.6', steps: [mine(1, 'one', false), mine(9, 'between'), 1, mine(0, 'two'), 2, bye] },
  { id: '5.9', steps: [mine(0, 'nothing to go on'), text('x')] },
  { id: '5.10', steps: [mine(0, 'nothing to go on', false), text('x')] },
  { id: '5.15', steps: [mine(1, 'a', false), mine(0, 'b'), 1, mine(0, 'c', false), text('d')] },
  { id: '5.18', steps: [mine(1, 'one', false), mine(1, 'two')] },
  {
    id: '5.19',
    steps: [mine(1, '1', false), mine(0, '2', false), mine(9, 'p'), 1, mine(0, '3'), 2, bye],
  },
];

const utf8: readonly Case[] = [
  { id: '6.1.1', steps: [text(''), 1, bye] },
  { id: '6.1.2', steps: [mine(1, '', false), mine(0, '', false), mine(0, ''), 1, bye] },
  { id: '6.2.1', steps: [text('Hello-µ@ßöäüàá-UTF-8!!'), 1, bye] },
  { id: '6.2.3', steps: [...pieces(Buffer.from('Hello-µ@ßöäüàá-UTF-8!!'), 1), 1, bye] },
  { id: '6.2.4', steps: [...pieces(kosme, 1), 1, bye] },
  { id: '6.3.1', steps: [text(badUtf8)] },
  { id: '6.3.2', steps: pieces(badUtf8, 1) },
  ...['00', 'c280', 'e0a080', 'f0908080', 'efbfbf', 'f48fbfbf', 'ee8080'].map((hex, place) => ({
    id: `6.6-9.${place + 1}`,
    steps: [text(Buffer.from(hex, 'hex')), 1, bye],
  })),
  ...['80', 'c0', 'c0af', 'f4908080', 'eda080', 'edbfbf', 'fe', 'ce', 'f8a1a1a1a1'].map(
    (hex, place) => ({
      id: `6.10-22.${place + 1}`,
      steps: [text('x'), 1, text(Buffer.from(hex, 'hex'))],
    }),
  ),
];

const closes: readonly Case[] = [
  { id: '7.1.1', steps: [text('x'), 1, bye] },
  { id: '7.1.2', steps: [bye, bye] },
  { id: '7.1.3', steps: [bye, mine(9, 'late')] },
  { id: '7.1.4', steps: [bye, text('late')] },
  { id: '7.3.1', steps: [closing(Buffer.alloc(0))] },
  { id: '7.3.2', steps: [closing(Buffer.from('a'))] },
  { id: '7.3.3', steps: [code(1000)] },
  { id: '7.3.4', steps: [code(1000, 'Hello World!')] },
  { id: '7.3.5', steps: [code(1000, '*'.repeat(123))] },
  { id: '7.3.6', steps: [code(1000, '*'.repeat(124))] },
  { id: '7.5.1', steps: [code(1000, badUtf8)] },
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].map(
    (number, place) => ({ id: `7.7.${place + 1}`, steps: [code(number)] }),
  ),
  ...[0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535].map((number, place) => ({
    id: `7.9.${place + 1}`,
    steps: [code(number)],
  })),
];

const large: readonly Case[] = [
  { id: '9.1.3', steps: [text('*'.repeat(1_048_576)), 1, bye] },
  { id: '9.2.6', steps: [mine(2, Buffer.alloc(16_777_216, 0xfe)), 1, bye] },
  { id: '9.3.6', steps: [...pieces(Buffer.alloc(1_048_576, '*'), 4096), 1, bye] },
  { id: '10.1.1', steps: [...pieces(Buffer.alloc(65_536, '*'), 1300), 1, bye] },
];

/** Every case, those with compression last. */
export async function everyCase(): Promise<readonly Case[]> {
  const together = await deflatedTogether(['one one one one', 'one one one two', 'x'.repeat(9999)]);
  const random = Array.from({ length: 9000 }, (_, place) => `${place * 7919}`).join('');
  const alone = ['one one one one', 'one one one two', random].map(deflated);
  const spoken = (all: readonly Buffer[]): readonly Step[] => [
    ...all.flatMap((payload, place) => [packed(payload), place + 1]),
    bye,
  ];
  const [first = Buffer.alloc(0)] = alone;
  const half = frame({
    opcode: 1,
    payload: first.subarray(0, 3),
    fin: false,
    masked: true,
    compressed: true,
  });
  const compression: readonly Case[] = [
    { id: '12.1', offers: 'permessage-deflate', steps: spoken(together) },
    { id: '13.1', offers: 'permessage-deflate; client_no_context_takeover', steps: spoken(alone) },
    {
      id: '13.2',
      offers: 'permessage-deflate; server_no_context_takeover',
      steps: spoken(together),
    },
    { id: '13.3', offers: 'permessage-deflate; server_max_window_bits=9', steps: spoken(together) },
    {
      id: 'in fragments',
      offers: 'permessage-deflate',
      steps: [half, mine(0, first.subarray(3)), 1, bye],
    },
    { id: 'not compressed', offers: 'permessage-deflate', steps: [packed(Buffer.alloc(9, 0xff))] },
    { id: 'not offered', steps: [packed(first)] },
    {
      id: 'a plain one between',
      offers: 'permessage-deflate',
      steps: [packed(first), 1, text('plain'), 2, bye],
    },
  ];
  return [
    ...framing,
    ...pings,
    ...reserved,
    ...fragmentation,
    ...utf8,
    ...closes,
    ...large,
    ...compression,
  ];
}
