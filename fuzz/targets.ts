import type { Target } from './fuzz.ts';
import { grpcFrames, protobufWire } from './targets-grpc.ts';
import {
  cassetteJson,
  cassettePacked,
  clientHello,
  detection,
  dns,
  logRecords,
} from './targets-pure.ts';
import { http1, http2, websocket } from './targets-wire.ts';

/** Everything that is given anything. */
export const targets: readonly Target[] = [
  detection,
  clientHello,
  http1,
  http2,
  websocket,
  dns,
  grpcFrames,
  protobufWire,
  cassetteJson,
  cassettePacked,
  logRecords,
];
