import { faultRules } from './faults.ts';
import type { Option } from './option.ts';
import { ignoredParts, optionalMessages, sessionKeys } from './values-messages.ts';
import * as values from './values.ts';
import { breaker } from './values-run.ts';

/** How what clients and servers say is passed on, kept and played. */
export const trafficOptions = {
  latency: {
    env: 'MAGNETO_LATENCY',
    takes: 'none | recorded | fixed:MILLISECONDS | scaled:PERCENT',
    default: 'none',
    doc: 'How long replayed answers and messages take: see [latency](latency.md).',
    reason: 'Tests want answers at once; demonstrations and time-out tests want them as they were.',
    parse: values.latency,
    words: ['none', 'recorded', 'fixed:', 'scaled:'],
  },
  http2: {
    env: 'MAGNETO_HTTP2',
    takes: 'on | off',
    default: 'on',
    doc: 'Whether HTTP/2 is spoken, with clients and with servers: what a server chose is what its client is given. `off`: HTTP/1.1 alone, in both directions.',
    reason:
      'Nobody is to be talked down to another protocol; `off` is for those who have to read what is said.',
    parse: values.onOff,
    words: ['on', 'off'],
  },
  bodyBytesMax: {
    env: 'MAGNETO_BODY_BYTES_MAX',
    takes: 'a whole number of bytes, at least 1',
    default: '4294967296',
    doc: 'How much of a body, of a WebSocket, of a gRPC call or of a raw stream is recorded. What comes after that passes on, and the interaction says `truncated: size`: it replays cut. A longer request is matched by its head alone.',
    reason:
      'A download without an end must not fill the disk; 4 GiB is more than a file that a test needs.',
    parse: values.whole(1, Number.MAX_SAFE_INTEGER),
  },
  streamMsMax: {
    env: 'MAGNETO_STREAM_MS_MAX',
    takes: 'milliseconds, 1 to 2147483647',
    default: '3600000',
    doc: 'How long an exchange is recorded: a body, a WebSocket or another upgrade, a gRPC call, a raw stream. What comes later passes on, and the interaction says `truncated: time`: it replays cut.',
    reason:
      'A stream without an end must stand in the cassette some day; a test seldom takes an hour.',
    parse: values.whole(1, 2_147_483_647),
  },
  bodyFileBytes: {
    env: 'MAGNETO_BODY_FILE_BYTES',
    takes: 'a whole number of bytes, at least 1',
    default: '1048576',
    doc: 'Bytes above which a recorded body goes into a file of its own, in the folder `NAME.bodies` beside the cassette.',
    reason:
      'A download that is written as it comes needs no memory; of a body so large nobody reads a diff.',
    parse: values.whole(1, 2 ** 30),
  },
  websocketReplay: {
    env: 'MAGNETO_WEBSOCKET_REPLAY',
    takes: values.words.websocketReplay.join(' | '),
    default: 'synchronized',
    doc: 'When the messages of a replayed WebSocket server go: each once the client has said what was recorded before it; at their recorded times, whatever the client says; or each when the control plane is told to (`POST /websockets/ID/advance`). See [protocols](protocols.md#when-the-server-speaks).',
    reason:
      'What a server says comes of what a client said, whenever that is; the others are for tests of what comes too early or too late.',
    parse: values.word('websocketReplay'),
    words: values.words.websocketReplay,
  },
  websocketIgnore: {
    env: 'MAGNETO_WEBSOCKET_IGNORE',
    takes:
      'paths of JSON (`$.id`, `$..at`, `$.items[*].at`) and regular expressions (`/…/`), comma-separated',
    default: '',
    doc: 'What need not be equal in a text message of a WebSocket client for it to be as recorded. Expressions are those of RE2.',
    reason:
      'Messages are compared whole, so that a replay does not pass where the client has changed; ids and times that it makes anew are recognised without this.',
    parse: ignoredParts,
  },
  websocketOptional: {
    env: 'MAGNETO_WEBSOCKET_OPTIONAL',
    takes:
      'paths of JSON, with a value or without (`$.type=typing`), and regular expressions (`/…/`), comma-separated',
    default: '',
    doc: 'Text messages of a WebSocket client that may come or not, at any place: typing indicators, receipts, heartbeats. None is waited for.',
    reason: 'How often they come depends on how fast somebody, or a test, types.',
    parse: optionalMessages,
  },
  websocketSessionKey: {
    env: 'MAGNETO_WEBSOCKET_SESSION_KEY',
    takes:
      '`header:NAME`, `cookie`, `cookie:NAME`, `query:NAME`, `protocol`, `message`, comma-separated; or `order`',
    default: 'header:authorization,header:x-api-key,protocol,cookie,message',
    doc: 'By what the WebSocket sessions recorded at one URL are told apart, the first key that tells anything first; what is left is played in recorded order. `message` is the first one of the client. A `query:` parameter need not be as recorded.',
    reason:
      'Several users open the same URL, in another order each time; whoever they are stands in a header or in the first message.',
    parse: sessionKeys,
  },
  raw: {
    env: 'MAGNETO_RAW',
    takes: values.words.raw.join(' | '),
    default: 'passthrough',
    doc: 'What a recording does with raw streams, which are neither HTTP nor anything else that magneto knows: pass them through, or `record` what both sides say and replay it, see [protocols](protocols.md#raw-tcp). Inside TLS as well; `MAGNETO_LIVE` and `MAGNETO_TLS_PASSTHROUGH` are never recorded.',
    reason:
      'Bytes that nobody understands may hold passwords that nobody can take out of them, so they are kept only where you ask for it.',
    parse: values.word('raw'),
    words: values.words.raw,
  },
  faults: {
    env: 'MAGNETO_FAULTS',
    takes:
      'rules separated by `;`, each a route and its faults (`api.example.org/v1/* latency=normal,100,20 status=503@10%; * reset@1%`)',
    default: '',
    doc: 'Faults on purpose, in every mode: see [faults](faults.md). A recording is not touched by them.',
    reason: 'Retries, time-outs and breakers are tested by what servers seldom do when one looks.',
    parse: faultRules,
  },
  faultSeed: {
    env: 'MAGNETO_FAULT_SEED',
    takes: 'any text',
    default: '',
    doc: 'What faults are drawn from: with the same one the n-th equal request meets the same faults. Without one, it is drawn at the start and told in the log.',
    reason: 'A test that failed because of a fault has to be run again with that very fault.',
    parse: (text) => text,
  },
  breaker: {
    env: 'MAGNETO_BREAKER',
    takes: 'failures/seconds, as `5/30`',
    default: '',
    doc: 'After so many failures in a row (refused, timed out, not resolved, no TLS, no head) a destination is left alone for so many seconds; its exchanges are answered with `BREAKER_OPEN` and are not recorded. Then one tries again.',
    reason:
      'Off unless you ask for it: a breaker that an application does not know of hides what its server does.',
    parse: breaker,
  },
} as const satisfies Record<string, Option<unknown>>;
