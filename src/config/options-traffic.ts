import { faultRules } from './faults.ts';
import type { Option } from './option.ts';
import * as values from './values.ts';
import { breaker } from './values-run.ts';

/** How what clients and servers say is passed on, kept and played. */
export const trafficOptions = {
  latency: {
    env: 'MAGNETO_LATENCY',
    takes: 'none | recorded | fixed:MILLISECONDS | scaled:PERCENT',
    default: 'none',
    doc: 'How long replayed answers and messages take.',
    reason: 'Tests want answers at once; demonstrations and time-out tests want them as they were.',
    parse: values.latency,
    words: ['none', 'recorded', 'fixed:', 'scaled:'],
  },
  bodyBytesMax: {
    env: 'MAGNETO_BODY_BYTES_MAX',
    takes: 'a whole number of bytes, at least 1',
    default: '4294967296',
    doc: 'How much of a body is recorded. What comes after that passes on, and the interaction says `truncated: size`: it replays cut.',
    reason:
      'A download without an end must not fill the disk; 4 GiB is more than a file that a test needs.',
    parse: values.whole(1, Number.MAX_SAFE_INTEGER),
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
  bodyFileBytes: {
    env: 'MAGNETO_BODY_FILE_BYTES',
    takes: 'a whole number of bytes, at least 1',
    default: '1048576',
    doc: 'Bytes above which a recorded body goes into a file of its own, in the folder NAME.bodies beside the cassette.',
    reason:
      'A download that is written as it comes needs no memory; of a body so large nobody reads a diff.',
    parse: values.whole(1, 2 ** 30),
  },
  streamMsMax: {
    env: 'MAGNETO_STREAM_MS_MAX',
    takes: 'milliseconds, 1 to 2147483647',
    default: '3600000',
    doc: 'How long an exchange is recorded. What comes later passes on, and the interaction says `truncated: time`: it replays cut.',
    reason:
      'A stream without an end must stand in the cassette some day; a test seldom takes an hour.',
    parse: values.whole(1, 2_147_483_647),
  },
} as const satisfies Record<string, Option<unknown>>;
