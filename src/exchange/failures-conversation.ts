import type { FailureEntry } from './failure.ts';

/** What can go wrong with what is more than a request and its answer: messages, raw streams, large bodies. */
export const conversationFailures = {
  SEQUENCE_MISMATCH: {
    status: 0,
    title: 'The client sent another message than the recording has at this place',
    remedy: 'record the exchange again, or set MAGNETO_ON_MISS=passthrough to go on regardless',
  },
  UNRECORDED_STREAM: {
    status: 0,
    title: 'The cassette has no raw stream that begins like this one',
    remedy:
      'record it with MAGNETO_RAW=record, or name the destination in MAGNETO_LIVE to have it stay real',
  },
  STREAM_MISMATCH: {
    status: 0,
    title: 'The client said something else in a raw stream than the recording has at this place',
    remedy: 'record the stream again, or set MAGNETO_ON_MISS=passthrough to go on regardless',
  },
  STREAM_ENCRYPTED: {
    status: 0,
    title: 'A raw stream went over to TLS of its own, so that the rest of it could not be recorded',
    remedy:
      'switch TLS off in the client while recording (sslmode=disable, for instance), take the port out of MAGNETO_OPAQUE_PORTS where it began with TLS, or name the destination in MAGNETO_LIVE',
  },
  HTTP2_BROKEN: {
    status: 0,
    title: 'The client did not keep to HTTP/2, or flooded its connection',
    remedy: 'look at the client; what it asked on other connections was not touched',
  },
  HTTP2_UNFIT: {
    status: 502,
    title: 'The answer cannot be told to an HTTP/2 client',
    remedy: 'set MAGNETO_HTTP2=off, so that the client gets it over HTTP/1.1 as the server sent it',
  },
  WEBSOCKET_MALFORMED: {
    status: 0,
    title: 'Somebody sent what is no WebSocket frame, so the recording ends there',
    remedy: 'none for magneto: what was sent has passed as it was; look at who sent it',
  },
  GRPC_FRAME_BROKEN: {
    status: 0,
    title: 'A message of a gRPC call does not fill its frame',
    remedy: 'look for what broke it: a server that died midway, or a proxy on the way to it',
  },
  BODY_TOO_LARGE: {
    status: 0,
    title: 'The body is larger than may be recorded, so its interaction is truncated',
    remedy: 'raise MAGNETO_BODY_BYTES_MAX, or keep this exchange out of the recording',
  },
  STREAM_TOO_LONG: {
    status: 0,
    title: 'The exchange takes longer than may be recorded, so its interaction is truncated',
    remedy: 'raise MAGNETO_STREAM_MS_MAX, or end the recording before',
  },
} as const satisfies Record<string, FailureEntry>;
