import { createGrpcReader, grpcFrame } from '../src/support/grpc-frames.ts';
import { wireForm, withLength, withoutFields } from '../src/support/protobuf-wire.ts';
import type { Ignored } from '../src/support/protobuf-wire.ts';
import type { Target } from './fuzz.ts';

const bytesMax = 4096;
const message = withLength(
  1,
  Buffer.concat([withLength(2, Buffer.from('text')), Buffer.from('\b\x01')]),
);
const frame = grpcFrame({ kind: 'message', bytes: message, compressed: false });

/** Frames of gRPC: however they are split, the same messages, and all bytes again. */
export const grpcFrames: Target = {
  name: 'grpc-frames',
  seeds: [frame, Buffer.concat([frame, frame]), Buffer.from('\x01\0\0\0\0', 'latin1')],
  words: ['\0\0\0\0\x01', '\x01\0\0\0\x02', '\xff\xff\xff\xff', '\x80'].map((word) =>
    Buffer.from(word, 'latin1'),
  ),
  run(bytes) {
    const [whole, split] = [
      spelling([bytes]),
      spelling(Array.from(bytes, (one) => Buffer.of(one))),
    ];
    if (whole.said !== split.said) throw new Error(`${split.said} in pieces, ${whole.said} whole`);
    if (!whole.bytes.equals(bytes)) throw new Error('bytes were lost');
  },
};

/** Messages of protobuf, looked at without a type. */
export const protobufWire: Target = {
  name: 'protobuf-wire',
  seeds: [message, Buffer.concat([message, Buffer.from('\x10\x96\x01', 'latin1')])],
  words: ['\x0a\x02', '\x08\x96\x01', '\x0d', '\x09', '\x0b', '\xff\xff\xff\xff\x0f'].map((word) =>
    Buffer.from(word, 'latin1'),
  ),
  run(bytes) {
    const rest = withoutFields(bytes, everyFirst);
    if (rest.length > bytes.length) throw new Error('more is left than there was');
    if ((wireForm(bytes) === undefined) !== (wireForm(rest) === undefined)) {
      throw new Error('what is left is no message, or was none');
    }
  },
};

const inner: Ignored = { fields: new Map([[1, 'ignored' as const]]) };
const everyFirst: Ignored = {
  fields: new Map<number, 'ignored' | Ignored>([
    [1, inner],
    [2, 'ignored'],
  ]),
};

function spelling(pieces: readonly Buffer[]): { readonly said: string; readonly bytes: Buffer } {
  const reader = createGrpcReader(bytesMax);
  const said = [...pieces.flatMap((piece) => reader.take(piece)), ...reader.end()];
  const messages = said.filter(({ kind }) => kind === 'message');
  const words = messages.map(({ bytes, compressed }) => `${compressed} ${bytes.toString('hex')}`);
  return {
    said: `${words.join()} ${reader.broken()}`,
    bytes: Buffer.concat(said.map(grpcFrame)),
  };
}
