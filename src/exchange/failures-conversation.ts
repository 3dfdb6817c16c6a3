import type { FailureEntry } from './failure.ts';

/** What can go wrong with what is more than a request and its answer: messages, raw streams, large bodies. */
export const conversationFailures = {
  SEQUENCE_MISMATCH: {
    status: 0,
    title: 'The client sent another WebSocket message than the recording has at this place',
    remedy: 'record the session again, or set MAGNETO_ON_MISS=passthrough to go on regardless',
  },
  UNRECORDED_STREAM: {
    status: 0,
    title: 'Bytes that are neither HTTP nor TLS cannot be replayed',
    remedy: 'name the destination in MAGNETO_LIVE, or keep it from going through magneto',
  },
  BODY_TOO_LARGE: {
    status: 502,
    title: 'The body is larger than a cassette may hold',
    remedy: 'raise MAGNETO_BODY_BYTES_MAX, or keep this exchange out of the recording',
  },
} as const satisfies Record<string, FailureEntry>;
