import type { FailureEntry } from './failure.ts';

/** What the control plane does not do for whoever asks it. */
export const controlFailures = {
  CONTROL_HOST_UNKNOWN: {
    status: 403,
    title: 'The control plane is not asked under this name',
    remedy: 'ask it by its IP address, or add the name to MAGNETO_CONTROL_HOSTNAMES',
  },
  CONTROL_ORIGIN_REFUSED: {
    status: 403,
    title: 'A page in a browser may change nothing here',
    remedy: 'ask from a program, such as curl',
  },
  CONTROL_TOKEN_UNSET: {
    status: 403,
    title: 'Only clients on loopback may change anything while there is no token',
    remedy:
      'set MAGNETO_CONTROL_TOKEN or MAGNETO_CONTROL_TOKEN_FILE and send it, or ask on loopback',
  },
  CONTROL_TOKEN_WRONG: {
    status: 401,
    title: 'The token is missing or is another one',
    remedy: 'send "Authorization: Bearer" and what MAGNETO_CONTROL_TOKEN(_FILE) holds',
  },
  CONTROL_NOT_SERVING: {
    status: 503,
    title: 'The run has not begun, so that it cannot be ended in order yet',
    remedy: 'ask again when GET /health says ready, or send SIGTERM',
  },
  WEBSOCKET_UNKNOWN: {
    status: 404,
    title: 'No WebSocket session with this id is being replayed',
    remedy: 'look at GET /websockets; a session is there from its handshake to its end',
  },
  WEBSOCKET_NOT_TRIGGERED: {
    status: 409,
    title: 'The messages of this session go by themselves',
    remedy: 'set MAGNETO_WEBSOCKET_REPLAY=triggered to release them one by one',
  },
} as const satisfies Record<string, FailureEntry>;
